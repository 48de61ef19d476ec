//! Changes of seeds, one after the other. The same seeds give the same changes.

/// What often leads somewhere in the languages that are read.
const PIECES: [&str; 40] = [
    "\"",
    "'",
    "\\",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "{{",
    "}}",
    ":",
    ",",
    ".",
    "#",
    "*",
    "%",
    "&",
    "=",
    "/",
    "\n",
    "\t",
    " ",
    "\0",
    "\u{301}",
    "ß",
    "İ",
    "設",
    "🚀",
    "\u{202e}",
    "null",
    "true",
    "0",
    "-1",
    "1e999",
    "9223372036854775808",
    " or ",
    " and ",
    " not ",
    "urn:",
];

pub struct Mutations<'a> {
    seeds: &'a [Vec<u8>],
    state: u64,
}

impl<'a> Mutations<'a> {
    pub fn of(seeds: &'a [Vec<u8>]) -> Mutations<'a> {
        Mutations { seeds, state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// Any number below `end`; 0 where there is none.
    fn below(&mut self, end: usize) -> usize {
        // xorshift64*: https://www.jstatsoft.org/article/view/v008i14
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let number = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % end.max(1)
    }

    /// A seed with one to eight changes.
    pub fn next(&mut self) -> Vec<u8> {
        let seed = self.below(self.seeds.len());
        let mut bytes = self.seeds.get(seed).cloned().unwrap_or_default();
        for _ in 0..=self.below(8) {
            self.change(&mut bytes);
        }
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>) {
        let (at, length) = (self.below(bytes.len() + 1), 1 + self.below(12));
        let end = (at + length).min(bytes.len());
        match self.below(8) {
            0 if at < end => bytes[at] ^= 1 << self.below(8),
            1 if at < end => bytes[at] = u8::try_from(self.below(256)).unwrap(),
            2 => drop(bytes.drain(at..end)),
            // Twice or, now and then, many times what stands there.
            3 => {
                let piece = bytes[at..end].repeat(if self.below(16) == 0 { 200 } else { 1 });
                drop(bytes.splice(at..at, piece));
            }
            4 => {
                let other = self.below(self.seeds.len());
                let other = &self.seeds[other];
                let from = self.below(other.len() + 1);
                let piece = other[from..(from + 4 * length).min(other.len())].to_vec();
                drop(bytes.splice(at..end, piece));
            }
            5 => {
                let to = self.below(bytes.len() + 1);
                let piece = bytes[at..end].to_vec();
                drop(bytes.splice(to..to, piece));
            }
            _ => {
                let piece = self.below(PIECES.len());
                drop(bytes.splice(at..at, PIECES[piece].bytes()));
            }
        }
    }
}
