//! A question, its base, and how the two are measured against each other.

use std::time::{Duration, Instant};

/// A way to ask. One run answers it some fixed number of times and gives how long that took, and a number made of the answers.
pub type Run = Box<dyn FnMut() -> (Duration, i64)>;

/// How a result is made of the medians of base and question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Question ÷ base
    Ratio,
    /// Question − base, in milliseconds
    MoreMilliseconds,
    /// Question ÷ base where the question does twice the work of the base, as throughput: the more the better
    Throughput,
    /// Mebibytes, which the question gives as its number (in bytes)
    Mebibytes,
}

/// A row of the table.
pub struct Question {
    /// Named so that the result reads as an answer
    pub name: String,
    /// What it is measured against
    pub base: &'static str,
    pub measure: Measure,
    /// How many answers one run gives
    pub answers: u64,
    /// The ways to ask the base; the quickest counts
    pub bases: Vec<Run>,
    pub ask: Run,
    /// Base and question must give the same number
    pub same: bool,
    /// What must be reached, and what is aimed at
    pub must: Option<f64>,
    pub aim: Option<f64>,
    /// One run takes long, and warming up changes nothing
    pub is_long: bool,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub name: String,
    pub base: &'static str,
    pub measure: Measure,
    pub result: f64,
    /// The medians, for one answer
    pub base_time: Duration,
    pub time: Duration,
    pub samples: usize,
    pub must: Option<f64>,
    pub aim: Option<f64>,
}

impl Question {
    /// A ratio of two ways that give the same answer.
    pub fn ratio(name: impl Into<String>, base: &'static str, must: f64, aim: f64, answers: u64, bases: Vec<Run>, ask: Run) -> Question {
        Question {
            name: name.into(),
            base,
            measure: Measure::Ratio,
            answers,
            bases,
            ask,
            same: true,
            must: Some(must),
            aim: Some(aim),
            is_long: false,
        }
    }

    /// The same, taken at most three times and without warming up.
    pub fn few_samples(self) -> Question {
        Question { is_long: true, ..self }
    }

    /// The same, but for the answers, which the base does not know.
    pub fn unlike(self) -> Question {
        Question { same: false, ..self }
    }

    pub fn measured_as(self, measure: Measure) -> Question {
        Question { measure, ..self }
    }

    /// For what the table asks nothing of.
    pub fn without_limits(self) -> Question {
        Question { must: None, aim: None, ..self }
    }

    /// Warms base and question, sees that both give the same answer, and keeps the quickest base.
    pub fn settle(&mut self) {
        if self.is_long {
            return;
        }
        let (_, expected) = (self.ask)();
        let mut quickest = Duration::MAX;
        for mut base in std::mem::take(&mut self.bases) {
            base();
            let (taken, answer) = base();
            assert!(!self.same || answer == expected, "{}: the base says {answer}, the question {expected}", self.name);
            if taken < quickest {
                quickest = taken;
                self.bases = vec![base];
            }
        }
    }

    /// Takes samples of base and question in turn until the time is up: at least three of each, and where one takes long, one to three.
    /// Whatever slows the machine for a while slows both.
    pub fn outcome(&mut self, time: Duration, most_samples: usize) -> Outcome {
        self.settle();
        let (least, most) = if self.is_long { (1, 3) } else { (3, most_samples) };
        let (mut base_times, mut times) = (Vec::new(), Vec::new());
        let mut number = 0;
        let began = Instant::now();
        while times.len() < least || (began.elapsed() < time && times.len() < most) {
            if let Some(base) = self.bases.first_mut() {
                base_times.push(base().0);
            }
            let (taken, answer) = (self.ask)();
            times.push(taken);
            number = answer;
        }
        let (base_time, asked_time) = (median(&mut base_times), median(&mut times));
        let result = match self.measure {
            Measure::Ratio => asked_time.as_secs_f64() / base_time.as_secs_f64(),
            Measure::MoreMilliseconds => (asked_time.as_secs_f64() - base_time.as_secs_f64()) * 1000.0,
            Measure::Throughput => 2.0 * base_time.as_secs_f64() / asked_time.as_secs_f64(),
            Measure::Mebibytes => number as f64 / f64::from(1 << 20),
        };
        let each = |time: Duration| Duration::from_secs_f64(time.as_secs_f64() / self.answers as f64);
        Outcome {
            name: self.name.clone(),
            base: self.base,
            measure: self.measure,
            result,
            base_time: each(base_time),
            time: each(asked_time),
            samples: times.len(),
            must: self.must,
            aim: self.aim,
        }
    }
}

impl Outcome {
    /// Whether a limit is kept.
    pub fn keeps(&self, limit: Option<f64>) -> Option<bool> {
        limit.map(|limit| match self.measure {
            Measure::Throughput => self.result >= limit,
            _ => self.result <= limit,
        })
    }
}

/// How long `work` takes, and what it gives.
pub fn timed(work: impl FnOnce() -> i64) -> (Duration, i64) {
    let began = Instant::now();
    let answer = work();
    (began.elapsed(), answer)
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
