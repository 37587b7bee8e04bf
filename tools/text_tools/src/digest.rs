//! `hash`: checksums of a text or file.

use crate::{md5, sha256};
use mcp::encoding;
use mcp::schema;
use mcp::{files, object, Answer, Arguments, Failure, Hints, Outcome, Tool};

const KINDS: [&str; 3] = ["sha256", "md5", "crc32"];
const ENCODINGS: [&str; 3] = ["utf-8", "base64", "hex"];
const FILE_BYTES_MAX: u64 = 256 << 20;
const CHUNK_BYTES: usize = 64 << 10;

pub const TOOL: Tool = Tool {
    name: "hash",
    title: "Hash a text or file",
    description: "Computes SHA-256, MD5 or CRC-32 of a text or of a file's bytes, in hexadecimal. MD5 and CRC-32 are checksums against accidents, not against forgery.",
    input: || {
        schema::closed(vec![
            schema::optional("text", schema::text("The text. Give exactly one of text and file.").role("content")),
            schema::optional("file", schema::text("A file of any kind; an uploaded one is 'uploads/<name>'.").role("file-path")),
            schema::optional("kind", schema::one_of("Which checksum.", &KINDS).default("sha256")),
            schema::optional("encoding", schema::one_of("What the text stands for: itself, or bytes in Base64 or hex.", &ENCODINGS).default("utf-8")),
        ])
    },
    output: Some(|| {
        schema::closed(vec![
            schema::required("kind", schema::text("Which checksum.")),
            schema::required("hash", schema::text("In lower-case hexadecimal digits.")),
            schema::required("bytes", schema::count("Bytes it was computed of.")),
        ])
    }),
    hints: Some(Hints::READ),
    run,
};

enum Hash {
    Sha256(sha256::Sha256),
    Md5(md5::Md5),
    Crc32(u32),
}

impl Hash {
    fn new(kind: &str) -> Hash {
        match kind {
            "md5" => Hash::Md5(md5::Md5::new()),
            "crc32" => Hash::Crc32(!0),
            _ => Hash::Sha256(sha256::Sha256::new()),
        }
    }
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Hash::Sha256(hash) => hash.update(bytes),
            Hash::Md5(hash) => hash.update(bytes),
            Hash::Crc32(value) => {
                for byte in bytes {
                    let index = (*value ^ u32::from(*byte)) & 0xff;
                    *value = CRC_TABLE[index as usize] ^ *value >> 8;
                }
            }
        }
    }
    fn finish(self) -> Vec<u8> {
        match self {
            Hash::Sha256(hash) => hash.finish(),
            Hash::Md5(hash) => hash.finish(),
            Hash::Crc32(value) => (!value).to_be_bytes().to_vec(),
        }
    }
}

const CRC_TABLE: [u32; 256] = crc_table();

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 {
                0xedb8_8320 ^ value >> 1
            } else {
                value >> 1
            };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

fn run(arguments: &Arguments) -> Outcome {
    let kind = arguments.choice("kind", &KINDS)?;
    let encoding = arguments.choice("encoding", &ENCODINGS)?;
    let mut hash = Hash::new(kind);
    let mut total = 0u64;
    match (arguments.text("text")?, arguments.text("file")?) {
        (Some(text), None) => {
            let wrong = |problem| Failure(format!("the text is not {}: {}.", encoding, problem));
            let bytes = match encoding {
                "base64" => encoding::from_base64(text).map_err(wrong)?,
                "hex" => encoding::from_hex(text).map_err(wrong)?,
                _ => text.as_bytes().to_vec(),
            };
            total = bytes.len() as u64;
            hash.update(&bytes);
        }
        (None, Some(path)) => {
            let (file, info) = files::open(path)?;
            if info.bytes > FILE_BYTES_MAX {
                return Err(Failure(format!(
                    "'{}' has {} bytes; at most {} are read.",
                    path, info.bytes, FILE_BYTES_MAX
                )));
            }
            let mut chunk = vec![0; CHUNK_BYTES];
            loop {
                let count = file.read(&mut chunk).map_err(|problem| files::explain(path, problem))?;
                if count == 0 {
                    break;
                }
                total += count as u64;
                hash.update(&chunk[..count]);
            }
        }
        _ => return Err("give exactly one of 'text' and 'file'.".into()),
    }
    let hex = encoding::hex(&hash.finish());
    let text = format!("{} of {} bytes: {}", kind, total, hex);
    Ok(Answer::new(
        text,
        object([("kind", kind.into()), ("hash", hex.into()), ("bytes", total.into())]),
    ))
}
