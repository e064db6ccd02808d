//! `hash.`: digests of texts, in hexadecimal digits.

use sha2::{Digest, Sha256, Sha512};

use super::{Arguments, Native, needed};
use crate::evaluator::{Evaluator, Result};
use crate::value::Value;

pub(super) static FUNCTIONS: &[Native] = &[
    Native {
        name: "hash.blake3",
        parameters: &[needed("text", "Str")],
        gives: "Str",
        doc: "The BLAKE3 digest of a text.",
        example: r#"hash.blake3("abc")   # => "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85""#,
        run: |evaluator, arguments| {
            digest(evaluator, arguments, |text| {
                blake3::hash(text).to_hex().to_string()
            })
        },
    },
    Native {
        name: "hash.sha256",
        parameters: &[needed("text", "Str")],
        gives: "Str",
        doc: "The SHA-256 digest of a text.",
        example: r#"hash.sha256("abc")   # => "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad""#,
        run: |evaluator, arguments| digest(evaluator, arguments, |text| hex(&Sha256::digest(text))),
    },
    Native {
        name: "hash.sha512",
        parameters: &[needed("text", "Str")],
        gives: "Str",
        doc: "The SHA-512 digest of a text.",
        example: r#"string.slice(hash.sha512("abc"), 0, 16)   # => "ddaf35a193617aba""#,
        run: |evaluator, arguments| digest(evaluator, arguments, |text| hex(&Sha512::digest(text))),
    },
];

fn digest<'a>(
    evaluator: &mut Evaluator<'a>,
    arguments: &Arguments<'_, 'a>,
    of: fn(&[u8]) -> String,
) -> Result<Value<'a>> {
    let text = arguments.text(evaluator, 0)?;
    Ok(evaluator.string_with(&of(text.text.as_bytes()), text.context))
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
