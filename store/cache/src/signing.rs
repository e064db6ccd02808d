//! Keys, signatures and trust, in the formats of minisign: Ed25519 over BLAKE2b-512 of a statement's text.
//!
//! In: key files, texts, signatures. Out: signatures that `minisign -V` verifies, and how many keys that are trusted have
//! signed a text. Signatures of others are read by a reader made for hostile input.

use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{Cursor, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Bytes that the signatures of one statement may have together.
pub const SIGNATURES_MAX: usize = 64 * 1024;
/// Bytes that a key file may have.
const KEY_MAX: u64 = 64 * 1024;

/// A key to sign with.
pub struct SecretKey {
    key: minisign::SecretKey,
    public: PublicKey,
}

/// A key to verify with.
#[derive(Debug, Clone)]
pub struct PublicKey {
    /// Its id: 16 upper-case hexadecimal digits, as minisign prints it.
    pub id: String,
    /// Its one line: 56 characters of base64.
    pub line: String,
    key: minisign_verify::PublicKey,
}

/// Whom to believe: so many of these keys must have signed.
#[derive(Debug, Clone)]
pub struct Trust {
    /// Different keys.
    pub keys: Vec<PublicKey>,
    /// How many of them must sign, at least 1.
    pub threshold: usize,
}

/// What the signatures of a text are worth.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Ids of trusted keys whose signatures hold, each once.
    pub valid: BTreeSet<String>,
    /// Ids that signatures name, whether they hold or not, each once.
    pub named: BTreeSet<String>,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "SecretKey({})", self.public.id)
    }
}

impl SecretKey {
    /// Makes a pair of keys and writes them to `path` (mode 0600) and `path.pub`; with a password the first is encrypted.
    ///
    /// Errors: [`Error::File`], also when one of the files is there already.
    pub fn generate(path: &Path, password: Option<String>) -> Result<PublicKey> {
        let failed = |error: minisign::PError| Error::Key {
            path: path.into(),
            why: error.to_string(),
        };
        let pair = match password {
            Some(password) => minisign::KeyPair::generate_encrypted_keypair(Some(password)),
            None => minisign::KeyPair::generate_unencrypted_keypair(),
        };
        let pair = pair.map_err(failed)?;
        let secret = pair.sk.to_box(None).map_err(failed)?.into_string();
        let public = pair.pk.to_box().map_err(failed)?.into_string();
        let public_path = public_path(path);
        if public_path.symlink_metadata().is_ok() {
            let there = std::io::ErrorKind::AlreadyExists.into();
            return Err(Error::file("create", &public_path)(there));
        }
        write_new(path, 0o600, &secret)?;
        write_new(&public_path, 0o644, &public)?;
        PublicKey::of_line(&pair.pk.to_base64()).map_err(|why| Error::Key {
            path: public_path,
            why,
        })
    }

    /// Reads a secret key of minisign's; an encrypted one needs its password.
    ///
    /// Errors: [`Error::File`], [`Error::Key`].
    pub fn read(path: &Path, password: Option<String>) -> Result<Self> {
        let failed = |why: String| Error::Key {
            path: path.into(),
            why,
        };
        let text = match read_small(path) {
            Err(Error::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Err(failed("there is no such file".into()));
            }
            text => text?,
        };
        let wrong = |error: minisign::PError| failed(error.to_string());
        let line = text.lines().nth(1).unwrap_or_default().trim();
        let bytes = data_encoding::BASE64.decode(line.as_bytes());
        let bytes = bytes.map_err(|_| failed("it is no secret key of minisign's".into()))?;
        let key = match (bytes.get(2..4), password) {
            // Without a password some versions of minisign write no checksum: whether the key is sound is found out below.
            (Some([0, 0]), _) => minisign::SecretKey::from_bytes(&bytes).map_err(wrong)?,
            (_, Some(password)) => minisign::SecretKeyBox::from_string(&text)
                .and_then(|boxed| boxed.into_secret_key(Some(password)))
                .map_err(wrong)?,
            (_, None) => {
                let why = "it is encrypted; its password is taken from CAIRN_KEY_PASSWORD";
                return Err(failed(why.into()));
            }
        };
        let public = minisign::PublicKey::from_secret_key(&key).map_err(wrong)?;
        let public = PublicKey::of_line(&public.to_base64()).map_err(failed)?;
        let secret = Self { key, public };
        let trust = Trust {
            keys: vec![secret.public.clone()],
            threshold: 1,
        };
        if !trust.is_enough(&trust.verdict("a text", &secret.sign("a text", "a test")?)) {
            return Err(failed(
                "it is damaged: what it signs does not verify".into(),
            ));
        }
        Ok(secret)
    }

    /// The key that verifies what this one signs.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a text: the four lines of a `.minisig` file. `comment` is signed too and for people only.
    ///
    /// Errors: [`Error::Key`].
    pub fn sign(&self, text: &str, comment: &str) -> Result<String> {
        let signed = minisign::sign(
            None,
            &self.key,
            Cursor::new(text.as_bytes()),
            Some(comment),
            Some(&format!("signature by cairn, key {}", self.public.id)),
        );
        let signed = signed.map_err(|error| Error::Key {
            path: PathBuf::from(&self.public.id),
            why: error.to_string(),
        })?;
        Ok(signed.into_string())
    }
}

impl PublicKey {
    /// Reads the one line of a key.
    ///
    /// Errors: what is wrong with it, in words.
    pub fn of_line(line: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("`{line}` is no public key of minisign's");
        let bytes = data_encoding::BASE64.decode(line.as_bytes());
        let bytes = bytes.map_err(|_| wrong())?;
        let id = bytes.get(2..10).ok_or_else(wrong)?;
        let id = u64::from_le_bytes(id.try_into().map_err(|_| wrong())?);
        let key = minisign_verify::PublicKey::from_base64(line).map_err(|_| wrong())?;
        Ok(Self {
            id: format!("{id:016X}"),
            line: line.into(),
            key,
        })
    }

    /// The key's 32 bytes: what makes two keys different.
    fn bytes(&self) -> Vec<u8> {
        let bytes = data_encoding::BASE64.decode(self.line.as_bytes());
        bytes.unwrap_or_default().split_off(10)
    }
}

impl Verdict {
    /// Counts further signatures of the same text.
    pub fn add(&mut self, more: Self) {
        self.valid.extend(more.valid);
        self.named.extend(more.named);
    }
}

impl Trust {
    /// Reads files of trusted keys: lines with a public key, `threshold K`, comments (`untrusted comment: …`, `# …`). A
    /// `.pub` file of minisign's is one.
    ///
    /// A key in several lines is one key. Errors: [`Error::File`], [`Error::Key`] for other lines, for a threshold that
    /// no signatures can reach, and for no key at all.
    pub fn read(paths: &[PathBuf], threshold: Option<usize>) -> Result<Self> {
        let mut trust = Self {
            keys: Vec::new(),
            threshold: 1,
        };
        for path in paths {
            let failed = |why: String| Error::Key {
                path: path.clone(),
                why,
            };
            for line in read_small(path)?.lines().map(str::trim) {
                if line.is_empty()
                    || line.starts_with('#')
                    || line.starts_with("untrusted comment:")
                {
                    continue;
                }
                if let Some(number) = line.strip_prefix("threshold ") {
                    trust.threshold = number
                        .trim()
                        .parse()
                        .map_err(|_| failed(format!("`{line}` is no threshold")))?;
                    continue;
                }
                let key = PublicKey::of_line(line).map_err(failed)?;
                if trust.keys.iter().all(|known| known.bytes() != key.bytes()) {
                    trust.keys.push(key);
                }
            }
        }
        if let Some(threshold) = threshold {
            trust.threshold = threshold;
        }
        let path = paths.first().cloned().unwrap_or_default();
        if trust.keys.is_empty() {
            return Err(Error::NoTrust { path });
        }
        if trust.threshold == 0 || trust.threshold > trust.keys.len() {
            let why = format!(
                "{} of {} keys can't sign",
                trust.threshold,
                trust.keys.len()
            );
            return Err(Error::Key { path, why });
        }
        Ok(trust)
    }

    /// What these signatures of the text are worth. What is no signature counts for nothing.
    pub fn verdict(&self, text: &str, signatures: &str) -> Verdict {
        let mut verdict = Verdict::default();
        if signatures.len() > SIGNATURES_MAX {
            return verdict;
        }
        let lines: Vec<&str> = signatures.lines().collect();
        for block in lines.chunks(4) {
            let Ok(signature) = minisign_verify::Signature::decode(&block.join("\n")) else {
                continue;
            };
            verdict.named.extend(signer(block[1]));
            for key in &self.keys {
                if key.key.verify(text.as_bytes(), &signature, false).is_ok() {
                    verdict.valid.insert(key.id.clone());
                }
            }
        }
        verdict
    }

    /// Whether so many signatures are enough.
    pub fn is_enough(&self, verdict: &Verdict) -> bool {
        // Two keys with one id count once: never too many.
        verdict.valid.len() >= self.threshold
    }
}

/// The id of the key that a signature's second line names.
fn signer(line: &str) -> Option<String> {
    let bytes = data_encoding::BASE64.decode(line.as_bytes()).ok()?;
    let id = u64::from_le_bytes(bytes.get(2..10)?.try_into().ok()?);
    Some(format!("{id:016X}"))
}

/// `key` → `key.pub`.
pub fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

fn write_new(path: &Path, mode: u32, text: &str) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .map_err(Error::file("create", path))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(Error::file("write", path))
}

fn read_small(path: &Path) -> Result<String> {
    let size = fs::metadata(path).map_err(Error::file("read", path))?.len();
    if size > KEY_MAX {
        let why = format!("it has {size} bytes");
        return Err(Error::Key {
            path: path.into(),
            why,
        });
    }
    fs::read_to_string(path).map_err(Error::file("read", path))
}
