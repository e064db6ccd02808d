//! Store paths: `/cairn/store/<32 characters of base32 of blake3-160>-<name>`.

use crate::content::Content;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// The folder of all store paths, as programs inside a generation see it.
pub const STORE_DIR: &str = "/cairn/store";

/// The base name of a store path, `<hash>-<name>`; it is computed from the content, never chosen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StorePath(String);

/// Why a text is no store path.
#[derive(Debug, thiserror::Error)]
pub enum StorePathError {
    /// The name part has other characters than `A-Za-z0-9+-._?=~`, begins with a dot, or is not 1 to 211 long.
    #[error(
        "`{0}` can't be the name of a store path: 1 to 211 of `A-Z a-z 0-9 + - . _ ? = ~`, not beginning with a dot"
    )]
    Name(String),
    /// Not `<hash>-<name>`.
    #[error("`{0}` is not a store path: 32 characters of base32, a hyphen and a name")]
    Form(String),
}

/// Lower-case base32 without the letters e, o, t and u, so that hashes spell no words.
const ALPHABET: &str = "0123456789abcdfghijklmnpqrsvwxyz";
/// Characters of the hash part: 160 bits, 5 bits a character.
const HASH_LEN: usize = 32;
/// Characters of the name part: with hash and hyphen 244, so that a suffix fits into a file's name.
const NAME_MAX: usize = 211;

#[expect(
    clippy::expect_used,
    reason = "the alphabet is a constant of 32 distinct symbols"
)]
static BASE32: LazyLock<data_encoding::Encoding> = LazyLock::new(|| {
    let mut spec = data_encoding::Specification::new();
    spec.symbols.push_str(ALPHABET);
    spec.encoding().expect("valid alphabet")
});

/// Whether a byte is a digit of base32: lower-case, without the letters e, o, t and u.
fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'z') && !matches!(byte, b'e' | b'o' | b't' | b'u')
}

/// Whether this can be the part after the hash; with the hash it is then the name of one file.
fn is_name(name: &str) -> bool {
    let ok = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'+' | b'-' | b'.' | b'_' | b'?' | b'=' | b'~')
    };
    (1..=NAME_MAX).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(ok)
}

impl StorePath {
    /// The path of this content under this name.
    ///
    /// Errors: [`StorePathError::Name`].
    pub fn new(name: &str, content: &Content) -> Result<Self, StorePathError> {
        if !is_name(name) {
            return Err(StorePathError::Name(name.into()));
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("cairn-path-1\n{content}\n{name}\n").as_bytes());
        let hash = BASE32.encode(&hasher.finalize().as_bytes()[..20]);
        Ok(Self(format!("{hash}-{name}")))
    }

    /// `<hash>-<name>`.
    pub fn base_name(&self) -> &str {
        &self.0
    }

    /// The part after the hash.
    pub fn name(&self) -> &str {
        &self.0[HASH_LEN + 1..]
    }

    /// `/cairn/store/<hash>-<name>`, as programs see it.
    pub fn logical(&self) -> String {
        format!("{STORE_DIR}/{}", self.0)
    }
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{STORE_DIR}/{}", self.0)
    }
}

impl FromStr for StorePath {
    type Err = StorePathError;
    /// Reads `<hash>-<name>`, with or without `/cairn/store/` before it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let base = text
            .strip_prefix(STORE_DIR)
            .and_then(|rest| rest.strip_prefix('/'))
            .unwrap_or(text);
        let sound = base.is_ascii()
            && base.get(HASH_LEN..=HASH_LEN) == Some("-")
            && base[..HASH_LEN].bytes().all(is_digit)
            && is_name(&base[HASH_LEN + 1..]);
        if !sound {
            return Err(StorePathError::Form(text.into()));
        }
        Ok(Self(base.into()))
    }
}

impl Serialize for StorePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for StorePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}
