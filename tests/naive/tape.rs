//! Random decisions read from a tape of bytes: a shorter tape and smaller bytes make a simpler world, which is how a failure shrinks.

pub struct Tape {
    bytes: std::vec::IntoIter<u8>,
}

impl Tape {
    pub fn new(bytes: Vec<u8>) -> Tape {
        Tape { bytes: bytes.into_iter() }
    }

    pub fn is_over(&self) -> bool {
        self.bytes.len() == 0
    }

    /// 0 to `count` - 1; 0 when the tape is over.
    pub fn pick(&mut self, count: usize) -> usize {
        self.bytes.next().map_or(0, |byte| usize::from(byte) * count / 256)
    }

    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.pick(of.len())]
    }

    /// Yes in so many cases out of 16; no when the tape is over.
    pub fn chance(&mut self, in_16: usize) -> bool {
        self.pick(16) >= 16 - in_16
    }
}
