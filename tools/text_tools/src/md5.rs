//! MD5 (RFC 1321), as a checksum.

const BLOCK: usize = 64;
const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

pub struct Md5 {
    state: [u32; 4],
    rest: Vec<u8>,
    length: u64,
    /// 2^32 times the absolute sines of 1 to 64.
    sines: Vec<u32>,
}

impl Md5 {
    pub fn new() -> Md5 {
        let sines = (1..=64)
            .map(|at| (f64::from(at).sin().abs() * 4_294_967_296.0) as u32)
            .collect();
        Md5 {
            state: [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476],
            rest: Vec::new(),
            length: 0,
            sines,
        }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.length = self.length.wrapping_add(bytes.len() as u64);
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() / BLOCK * BLOCK;
        for block in self.rest[..whole].chunks(BLOCK) {
            round(&mut self.state, block, &self.sines);
        }
        self.rest.drain(..whole);
    }

    pub fn finish(mut self) -> Vec<u8> {
        let bits = self.length.wrapping_mul(8);
        self.rest.push(0x80);
        while self.rest.len() % BLOCK != BLOCK - 8 {
            self.rest.push(0);
        }
        self.rest.extend(bits.to_le_bytes());
        for block in self.rest.chunks(BLOCK) {
            round(&mut self.state, block, &self.sines);
        }
        self.state.iter().flat_map(|word| word.to_le_bytes()).collect()
    }
}

fn round(state: &mut [u32; 4], block: &[u8], sines: &[u32]) {
    let word = |at: usize| u32::from_le_bytes([block[4 * at], block[4 * at + 1], block[4 * at + 2], block[4 * at + 3]]);
    let [mut a, mut b, mut c, mut d] = *state;
    for at in 0..64 {
        let (mixed, place) = match at / 16 {
            0 => (b & c | !b & d, at),
            1 => (d & b | !d & c, (5 * at + 1) % 16),
            2 => (b ^ c ^ d, (3 * at + 5) % 16),
            _ => (c ^ (b | !d), 7 * at % 16),
        };
        let sum = a.wrapping_add(mixed).wrapping_add(sines[at]).wrapping_add(word(place));
        a = d;
        d = c;
        c = b;
        b = b.wrapping_add(sum.rotate_left(SHIFTS[at / 16][at % 4]));
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.wrapping_add(add);
    }
}
