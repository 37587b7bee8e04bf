//! Files within a ZIP archive, stored or deflated (RFC 1951), with a limit on what comes out.

const BITS_MAX: usize = 15;

/// A file of an archive.
pub struct Entry<'a> {
    pub name: &'a str,
    deflated: bool,
    bytes: &'a [u8],
}

fn number(bytes: &[u8], at: usize, size: usize) -> Option<usize> {
    let range = bytes.get(at..at.checked_add(size)?)?;
    Some(
        range
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | usize::from(*byte)),
    )
}

/// The files that the directory at the end of an archive lists; none when it is damaged, encrypted or of 4 GiB and more.
pub fn entries(zip: &[u8]) -> Option<Vec<Entry>> {
    const END: [u8; 4] = [b'P', b'K', 5, 6];
    const COMMENT_MAX: usize = 65_535;
    let from = zip.len().saturating_sub(COMMENT_MAX + 22);
    let end = from + zip[from..].windows(4).rposition(|window| window == END)?;
    let count = number(zip, end + 10, 2)?;
    let mut at = number(zip, end + 16, 4)?;
    let mut all = Vec::new();
    for _ in 0..count {
        if zip.get(at..at + 4)? != [b'P', b'K', 1, 2] {
            return None;
        }
        let (flags, method) = (number(zip, at + 8, 2)?, number(zip, at + 10, 2)?);
        let size = number(zip, at + 20, 4)?;
        let (name, extra, comment) = (
            number(zip, at + 28, 2)?,
            number(zip, at + 30, 2)?,
            number(zip, at + 32, 2)?,
        );
        let local = number(zip, at + 42, 4)?;
        let data = local + 30 + number(zip, local + 26, 2)? + number(zip, local + 28, 2)?;
        if flags & 1 == 1 || !matches!(method, 0 | 8) {
            return None;
        }
        all.push(Entry {
            name: std::str::from_utf8(zip.get(at + 46..at + 46 + name)?).ok()?,
            deflated: method == 8,
            bytes: zip.get(data..data.checked_add(size)?)?,
        });
        at += 46 + name + extra + comment;
    }
    Some(all)
}

impl Entry<'_> {
    /// The file's bytes; none when they are damaged or more than `bytes_max`.
    pub fn read(&self, bytes_max: usize) -> Option<Vec<u8>> {
        if !self.deflated {
            return (self.bytes.len() <= bytes_max).then(|| self.bytes.to_vec());
        }
        inflate(self.bytes, bytes_max)
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u32,
    count: u32,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        while self.count < count {
            self.held |= u32::from(*self.bytes.get(self.at)?) << self.count;
            self.at += 1;
            self.count += 8;
        }
        let value = self.held & ((1 << count) - 1);
        self.held >>= count;
        self.count -= count;
        Some(value)
    }
}

/// A canonical Huffman code: how many symbols each length has, and the symbols in the order of their codes.
struct Code {
    counts: [u16; BITS_MAX + 1],
    symbols: Vec<u16>,
}

impl Code {
    fn new(lengths: &[u8]) -> Code {
        let mut counts = [0; BITS_MAX + 1];
        for length in lengths {
            counts[usize::from(*length)] += 1;
        }
        counts[0] = 0;
        let mut starts = [0u16; BITS_MAX + 2];
        for length in 1..=BITS_MAX {
            starts[length + 1] = starts[length] + counts[length];
        }
        let mut symbols = vec![0; lengths.len()];
        for (symbol, length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
            let start = &mut starts[usize::from(*length)];
            symbols[usize::from(*start)] = symbol as u16;
            *start += 1;
        }
        Code { counts, symbols }
    }

    fn next(&self, bits: &mut Bits) -> Option<u16> {
        let (mut code, mut first, mut index) = (0i32, 0i32, 0i32);
        for length in 1..=BITS_MAX {
            code |= bits.take(1)? as i32;
            let count = i32::from(self.counts[length]);
            if code - count < first {
                return self.symbols.get((index + code - first) as usize).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

const LENGTHS: [(u16, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
const DISTANCES: [(u16, u32); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];

fn inflate(bytes: &[u8], bytes_max: usize) -> Option<Vec<u8>> {
    let mut bits = Bits {
        bytes,
        at: 0,
        held: 0,
        count: 0,
    };
    let mut out = Vec::new();
    loop {
        let last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => {
                bits.held = 0;
                bits.count = 0;
                let length = number(bytes, bits.at, 2)?;
                let data = bytes.get(bits.at + 4..bits.at + 4 + length)?;
                if out.len() + length > bytes_max {
                    return None;
                }
                out.extend_from_slice(data);
                bits.at += 4 + length;
            }
            1 => {
                let mut lengths = [8u8; 288];
                lengths[144..256].fill(9);
                lengths[256..280].fill(7);
                block(
                    &mut bits,
                    &Code::new(&lengths),
                    &Code::new(&[5; 30]),
                    &mut out,
                    bytes_max,
                )?;
            }
            2 => {
                let (literals, distances) = codes(&mut bits)?;
                block(&mut bits, &literals, &distances, &mut out, bytes_max)?;
            }
            _ => return None,
        }
        if last {
            return Some(out);
        }
    }
}

fn codes(bits: &mut Bits) -> Option<(Code, Code)> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let literals = bits.take(5)? as usize + 257;
    let distances = bits.take(5)? as usize + 1;
    let count = bits.take(4)? as usize + 4;
    let mut lengths = [0u8; 19];
    for place in &ORDER[..count] {
        lengths[*place] = bits.take(3)? as u8;
    }
    let code = Code::new(&lengths);
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (value, times) = match code.next(bits)? {
            16 => (*lengths.last()?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            length => (length as u8, 1),
        };
        lengths.extend(std::iter::repeat(value).take(times as usize));
    }
    let distance_lengths = lengths.get(literals..literals + distances)?;
    Some((Code::new(&lengths[..literals]), Code::new(distance_lengths)))
}

fn block(bits: &mut Bits, literals: &Code, distances: &Code, out: &mut Vec<u8>, bytes_max: usize) -> Option<()> {
    loop {
        let symbol = literals.next(bits)?;
        match symbol {
            0..=255 => out.push(symbol as u8),
            256 => return Some(()),
            _ => {
                let (length, extra) = *LENGTHS.get(usize::from(symbol) - 257)?;
                let length = usize::from(length) + bits.take(extra)? as usize;
                let (distance, extra) = *DISTANCES.get(usize::from(distances.next(bits)?))?;
                let distance = usize::from(distance) + bits.take(extra)? as usize;
                let from = out.len().checked_sub(distance)?;
                for at in from..from + length {
                    out.push(out[at]);
                }
            }
        }
        if out.len() > bytes_max {
            return None;
        }
    }
}
