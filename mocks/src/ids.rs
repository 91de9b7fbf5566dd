//! Where ids come from: unique in a run, and the same for the same seed.

/// A source of ids.
#[derive(Debug)]
pub struct Ids {
    rng: fastrand::Rng,
    made: u64,
    /// The present, in milliseconds of the Unix epoch.
    clock: i64,
}

impl Ids {
    /// A generator.
    pub fn seeded(seed: u64) -> Self {
        Self { rng: fastrand::Rng::with_seed(seed), made: 0, clock: 0 }
    }

    /// Sets the present, which many vendors write into their ids.
    pub(crate) const fn at(&mut self, milliseconds: i64) {
        self.clock = milliseconds;
    }

    /// The present, in milliseconds of the Unix epoch.
    pub const fn milliseconds(&self) -> i64 {
        self.clock
    }

    /// A number never given before.
    pub const fn serial(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// `length` decimal digits, not starting with zero.
    pub fn decimal(&mut self, length: usize) -> String {
        (0..length).map(|at| char::from(b'0' + self.rng.u8(u8::from(at == 0)..10))).collect()
    }

    /// `length` lower-case hexadecimal digits.
    pub fn hex(&mut self, length: usize) -> String {
        let mut digits = String::with_capacity(length);
        while digits.len() < length {
            let bits = self.rng.u64(..);
            let more = (0..64).step_by(4).map(|shift| hex_digit(bits >> shift));
            digits.extend(more.take(length - digits.len()));
        }
        digits
    }

    /// `length` lower-case letters and digits.
    pub fn alphanumeric(&mut self, length: usize) -> String {
        (0..length).map(|_| self.pick(b"0123456789abcdefghijklmnopqrstuvwxyz")).collect()
    }

    /// A version 4 UUID.
    pub fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.rng.u128(..).to_be_bytes()).into_uuid().to_string()
    }

    fn pick(&mut self, alphabet: &[u8]) -> char {
        char::from(alphabet[self.rng.usize(0..alphabet.len())])
    }
}

fn hex_digit(bits: u64) -> char {
    char::from(b"0123456789abcdef"[usize::try_from(bits & 0xf).unwrap_or(0)])
}
