//! Builds and downloads as a configuration describes them: the arguments of `build({…})` and `fetch({…})`, read and checked.
//!
//! In: plain data from evaluation. Out: [`Description`]s, each with the text that stands for its result in strings until that is
//! known. Pure: nothing is resolved, fetched or built, and what an id of a context stands for is not known here.

use cairn_eval::{ContextId, Data, DataKind, HostError};
use cairn_graph::{Content, Digest, StorePath};
use cairn_syntax::nearest;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// How the text of a result begins that is not known yet. Nothing is ever there.
pub const PLACEHOLDERS: &str = "/cairn/build";

/// What a configuration wants to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Description {
    /// `build({…})`.
    Build(BuildDescription),
    /// `fetch({…})`.
    Fetch(FetchDescription),
}

/// A script and what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildDescription {
    /// The name of the store path that comes out.
    pub name: String,
    /// What the shell reads.
    pub script: String,
    /// Debian packages that the script finds installed, besides the essential ones; sorted.
    pub tools: Vec<String>,
    /// Variable → the text of a path, build or download.
    pub sources: BTreeMap<String, String>,
    /// Variables.
    pub env: BTreeMap<String, String>,
    /// Seconds after which it is stopped.
    pub timeout_secs: Option<u64>,
    /// All that its texts depend on, sorted.
    pub needs: BTreeSet<ContextId>,
}

/// A file from the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchDescription {
    /// The name of the store path that comes out.
    pub name: String,
    /// `http`, `https` or `file`.
    pub url: String,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its bytes; without this it may have [`cairn_fetch::http::UNDECLARED_MAX`].
    pub size: Option<u64>,
}

impl Description {
    /// The name of the store path that comes out.
    pub fn name(&self) -> &str {
        match self {
            Self::Build(build) => &build.name,
            Self::Fetch(fetch) => &fetch.name,
        }
    }

    /// What stands for its result in strings, as long as that is not known: the same for the same description.
    pub fn text(&self) -> String {
        let said = match self {
            Self::Build(build) => json!({
                "script": build.script,
                "tools": build.tools,
                "sources": build.sources,
                "env": build.env,
                "timeout": build.timeout_secs,
            }),
            Self::Fetch(fetch) => {
                json!({ "url": fetch.url, "sha256": fetch.sha256, "size": fetch.size })
            }
        };
        let digest = Digest::of(cairn_graph::canonical::print(&said).as_bytes());
        // The name was checked when the description was read.
        let path = StorePath::new(self.name(), &Content::Tree { digest });
        let base = path.map_or_else(|_| digest.to_string(), |path| path.base_name().to_owned());
        format!("{PLACEHOLDERS}/{base}")
    }

    /// What it depends on.
    pub fn needs(&self) -> impl Iterator<Item = ContextId> {
        let needs = match self {
            Self::Build(build) => Some(build.needs.iter().copied()),
            Self::Fetch(_) => None,
        };
        needs.into_iter().flatten()
    }
}

/// The variables that the builder itself sets.
const TAKEN: [&str; 6] = ["out", "root", "HOME", "PATH", "TMPDIR", "SOURCE_DATE_EPOCH"];

impl BuildDescription {
    /// Reads the argument of `build`. Errors: what is wrong, with a mend.
    pub fn read(arguments: &Data) -> Result<Self, HostError> {
        let fields = Fields::of(
            "build",
            arguments,
            &["name", "script", "tools", "sources", "env", "timeout"],
        )?;
        let mut needs = BTreeSet::new();
        let script = fields.text("script", &mut needs)?.ok_or_else(|| {
            fields.wrong(
                "script",
                "is missing: the lines that a shell runs; what they leave at `$out` is the result",
            )
        })?;
        let mut tools = fields.texts("tools")?;
        if let Some(wrong) = tools.iter().find(|tool| !is_package(tool)) {
            return Err(fields.wrong(
                "tools",
                &format!("has `{wrong}`, which is no package's name"),
            ));
        }
        tools.sort();
        tools.dedup();
        let mut sources = BTreeMap::new();
        for (name, data) in fields.map("sources")? {
            let DataKind::Str { text, context } = &data.kind else {
                return Err(fields.wrong(&format!("sources.{name}"), NO_SOURCE));
            };
            if context.is_empty() || !is_path_alone(text) {
                return Err(fields.wrong(&format!("sources.{name}"), NO_SOURCE));
            }
            check_variable(&fields, "sources", name)?;
            needs.extend(context);
            sources.insert(name.clone(), text.clone());
        }
        let mut env = BTreeMap::new();
        for (name, data) in fields.map("env")? {
            let DataKind::Str { text, context } = &data.kind else {
                return Err(fields.wrong(&format!("env.{name}"), "is no string"));
            };
            check_variable(&fields, "env", name)?;
            if sources.contains_key(name) {
                return Err(fields.wrong(&format!("env.{name}"), "is among `sources` too"));
            }
            needs.extend(context);
            env.insert(name.clone(), text.clone());
        }
        Ok(Self {
            name: fields.name(None)?,
            script,
            tools,
            sources,
            env,
            timeout_secs: fields.seconds("timeout")?,
            needs,
        })
    }
}

const NO_SOURCE: &str =
    "is no path: name a file or folder as in `./src`, or a whole `build(…)` or `fetch(…)`";

impl FetchDescription {
    /// Reads the argument of `fetch`. Errors: what is wrong, with a mend.
    pub fn read(arguments: &Data) -> Result<Self, HostError> {
        let fields = Fields::of(
            "fetch",
            arguments,
            &["name", "url", "sha256", "hash", "size"],
        )?;
        let mut needs = BTreeSet::new();
        let missing = || fields.wrong("url", "is missing: where the file is");
        let url = fields.text("url", &mut needs)?.ok_or_else(missing)?;
        let known = ["https://", "http://", "file://"];
        if !known.iter().any(|scheme| url.starts_with(scheme)) {
            return Err(fields.wrong("url", "is no address of `https`, `http` or `file`"));
        }
        let sha256 = match (
            fields.text("sha256", &mut needs)?,
            fields.text("hash", &mut needs)?,
        ) {
            (Some(text), None) => Some(text),
            (None, Some(text)) => Some(match text.strip_prefix("sha256:") {
                Some(hex) => hex.to_owned(),
                None => text,
            }),
            (None, None) => {
                return Err(fields.wrong(
                    "sha256",
                    "is missing: the SHA-256 of the file, as `sha256sum` prints it",
                ));
            }
            (Some(_), Some(_)) => None,
        };
        let is_hex = |text: &String| {
            text.len() == 64 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
        };
        let sha256 = sha256.filter(is_hex).ok_or_else(|| {
            fields.wrong(
                "sha256",
                "is no SHA-256: 64 digits of `0-9a-f`, as `sha256sum` prints them",
            )
        })?;
        if !needs.is_empty() {
            return Err(fields.wrong("url", "names a file of the configuration or a build"));
        }
        let last = url.rsplit('/').next().unwrap_or_default();
        let last = last.split(['?', '#']).next().unwrap_or_default();
        let name = fields.name(Some(last))?;
        Ok(Self {
            name,
            url,
            sha256,
            size: fields.bytes("size")?,
        })
    }
}

/// The fields of a description, and the function that they were given to.
struct Fields<'a> {
    function: &'static str,
    fields: &'a [(String, Data)],
}

impl<'a> Fields<'a> {
    fn of(function: &'static str, arguments: &'a Data, known: &[&str]) -> Result<Self, HostError> {
        let DataKind::Map(fields) = &arguments.kind else {
            return Err(HostError::new(format!("`{function}` takes a record")));
        };
        let unknown = fields.iter().find(|(name, _)| !known.contains(&&**name));
        if let Some((name, _)) = unknown {
            let mend = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it takes {}", known.join(", ")),
            };
            return Err(HostError {
                message: format!("`{function}` knows no `{name}`"),
                help: Some(mend),
            });
        }
        Ok(Self { function, fields })
    }

    fn wrong(&self, field: &str, what: &str) -> HostError {
        HostError::new(format!("`{field}` of `{}` {what}", self.function))
    }

    /// The value of a field that is there and not null.
    fn get(&self, field: &str) -> Option<&'a Data> {
        let found = self.fields.iter().find(|(name, _)| name == field);
        found
            .map(|(_, value)| value)
            .filter(|value| value.kind != DataKind::Null)
    }

    fn text(
        &self,
        field: &str,
        needs: &mut BTreeSet<ContextId>,
    ) -> Result<Option<String>, HostError> {
        match self.get(field).map(|value| &value.kind) {
            None => Ok(None),
            Some(DataKind::Str { text, context }) => {
                needs.extend(context);
                Ok(Some(text.clone()))
            }
            Some(DataKind::Secret(_)) => {
                Err(self.wrong(field, "is a secret, which no build may see"))
            }
            Some(_) => Err(self.wrong(field, "is no string")),
        }
    }

    /// Strings that depend on nothing.
    fn texts(&self, field: &str) -> Result<Vec<String>, HostError> {
        let DataKind::List(items) = (match self.get(field) {
            None => return Ok(Vec::new()),
            Some(value) => &value.kind,
        }) else {
            return Err(self.wrong(field, "is no list"));
        };
        let text = |item: &Data| match &item.kind {
            DataKind::Str { text, context } if context.is_empty() => Ok(text.clone()),
            DataKind::Str { .. } => {
                Err(self.wrong(field, "has a path, where a package's name belongs"))
            }
            _ => Err(self.wrong(field, "has what is no string")),
        };
        items.iter().map(text).collect()
    }

    fn map(&self, field: &str) -> Result<&'a [(String, Data)], HostError> {
        match self.get(field).map(|value| &value.kind) {
            None => Ok(&[]),
            Some(DataKind::Map(fields)) => Ok(fields),
            Some(_) => Err(self.wrong(field, "is no record")),
        }
    }

    fn seconds(&self, field: &str) -> Result<Option<u64>, HostError> {
        match self.get(field).map(|value| &value.kind) {
            None => Ok(None),
            Some(DataKind::Int(number)) if *number > 0 => Ok(Some(number.unsigned_abs())),
            Some(_) => Err(self.wrong(field, "is no number of seconds above zero")),
        }
    }

    fn bytes(&self, field: &str) -> Result<Option<u64>, HostError> {
        match self.get(field).map(|value| &value.kind) {
            None => Ok(None),
            Some(DataKind::Int(number)) if *number >= 0 => Ok(Some(number.unsigned_abs())),
            Some(_) => Err(self.wrong(field, "is no number of bytes")),
        }
    }

    /// The field `name`, or else this; it must be able to name a store path.
    fn name(&self, otherwise: Option<&str>) -> Result<String, HostError> {
        let mut needs = BTreeSet::new();
        let given = self.text("name", &mut needs)?;
        let Some(name) = given.or_else(|| otherwise.map(str::to_owned)) else {
            return Err(self.wrong("name", "is missing: what the result is called"));
        };
        let digest = Digest::of(b"");
        match StorePath::new(&name, &Content::Tree { digest }) {
            Ok(_) if needs.is_empty() => Ok(name),
            Ok(_) => Err(self.wrong("name", "names a path or a build")),
            Err(error) => Err(HostError {
                message: format!("`name` of `{}` is `{name}`", self.function),
                help: Some(error.to_string()),
            }),
        }
    }
}

/// As Debian's policy has them, 5.6.1.
fn is_package(name: &str) -> bool {
    name.len() >= 2
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name
            .chars()
            .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '+' | '-' | '.'))
}

/// Whether a text is a whole store path, or what stands for one, and nothing around it.
pub fn is_path_alone(text: &str) -> bool {
    let folders = [cairn_graph::path::STORE_DIR, PLACEHOLDERS];
    let base = folders
        .iter()
        .find_map(|folder| text.strip_prefix(folder)?.strip_prefix('/'));
    base.is_some_and(|base| !base.contains(['/', ' ', '\n']))
}

fn check_variable(fields: &Fields<'_>, field: &str, name: &str) -> Result<(), HostError> {
    let sound = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty();
    if !sound {
        let what = "can't be a shell's variable: letters, digits and `_`";
        return Err(fields.wrong(&format!("{field}.{name}"), what));
    }
    if TAKEN.contains(&name) {
        return Err(fields.wrong(&format!("{field}.{name}"), "is set by the builder itself"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Data {
        data(DataKind::Str {
            text: text.into(),
            context: Vec::new(),
        })
    }

    fn data(kind: DataKind) -> Data {
        Data { kind, span: None }
    }

    fn path(id: u32) -> Data {
        data(DataKind::Str {
            text: format!("/cairn/store/{}-src", "0".repeat(32)),
            context: vec![ContextId(id)],
        })
    }

    fn map(fields: &[(&str, Data)]) -> Data {
        let fields = fields.iter();
        data(DataKind::Map(
            fields.map(|(k, v)| ((*k).to_owned(), v.clone())).collect(),
        ))
    }

    fn list(items: &[&str]) -> Data {
        data(DataKind::List(
            items.iter().map(|item| text(item)).collect(),
        ))
    }

    fn hello(more: &[(&str, Data)]) -> Result<BuildDescription, HostError> {
        let mut fields = vec![("name", text("hello")), ("script", text("echo > $out"))];
        fields.retain(|(name, _)| !more.iter().any(|(other, _)| other == name));
        fields.extend(more.iter().cloned());
        BuildDescription::read(&map(&fields))
    }

    #[test]
    fn a_build_is_read_whole() {
        let build = hello(&[
            ("tools", list(&["make", "gcc", "make"])),
            ("sources", map(&[("src", path(3))])),
            ("env", map(&[("CFLAGS", text("-O2"))])),
            ("timeout", data(DataKind::Int(60))),
        ])
        .unwrap();
        assert_eq!(build.tools, ["gcc", "make"]);
        assert_eq!(build.needs, BTreeSet::from([ContextId(3)]));
        assert_eq!(build.timeout_secs, Some(60));
        assert_eq!(build.env["CFLAGS"], "-O2");
    }

    #[test]
    fn what_can_not_be_built_is_refused_in_words() {
        let wrong = |more: &[(&str, Data)], part: &str| {
            let error = hello(more).unwrap_err();
            let said = format!("{} {}", error.message, error.help.unwrap_or_default());
            assert!(said.contains(part), "{said}");
        };
        wrong(&[("scirpt", text(""))], "did you mean `script`?");
        wrong(
            &[("name", text("a/b"))],
            "can't be the name of a store path",
        );
        wrong(
            &[("script", data(DataKind::Null))],
            "`script` of `build` is missing",
        );
        wrong(
            &[("tools", list(&["GCC"]))],
            "`GCC`, which is no package's name",
        );
        wrong(
            &[("sources", map(&[("src", text("./src"))]))],
            "`sources.src` of `build` is no path",
        );
        wrong(
            &[("sources", map(&[("a-b", path(0))]))],
            "can't be a shell's variable",
        );
        wrong(
            &[("env", map(&[("out", text("x"))]))],
            "set by the builder itself",
        );
        wrong(
            &[("timeout", data(DataKind::Int(0)))],
            "no number of seconds",
        );
        wrong(
            &[("script", data(DataKind::Secret("db.age".into())))],
            "is a secret",
        );
    }

    #[test]
    fn the_text_of_a_result_changes_with_its_description_alone() {
        let one = Description::Build(hello(&[]).unwrap());
        let other = Description::Build(hello(&[("script", text("echo 2 > $out"))]).unwrap());
        assert_eq!(one.text(), Description::Build(hello(&[]).unwrap()).text());
        assert_ne!(one.text(), other.text());
        assert!(one.text().starts_with("/cairn/build/"));
        assert!(one.text().ends_with("-hello"));
        assert!(is_path_alone(&one.text()));
    }

    #[test]
    fn a_download_is_known_by_its_sum_and_named_after_its_address() {
        let sum = "a".repeat(64);
        let fetch = |fields: &[(&str, Data)]| FetchDescription::read(&map(fields));
        let url = ("url", text("https://example.org/a/src-1.0.tar.gz?download"));
        let by_sum = fetch(&[url.clone(), ("sha256", text(&sum))]).unwrap();
        let by_hash = fetch(&[url.clone(), ("hash", text(&format!("sha256:{sum}")))]).unwrap();
        assert_eq!(by_sum, by_hash);
        assert_eq!(by_sum.name, "src-1.0.tar.gz");
        assert_eq!(by_sum.size, None);
        let (sum256, size) = (("sha256", text(&sum)), ("size", data(DataKind::Int(7))));
        let sized = fetch(&[url.clone(), sum256, size]).unwrap();
        assert_eq!(sized.size, Some(7));
        for wrong in [
            fetch(std::slice::from_ref(&url)),
            fetch(&[url.clone(), ("sha256", text("abc"))]),
            fetch(&[url.clone(), ("hash", text("b3:00"))]),
            fetch(&[
                url.clone(),
                ("sha256", text(&sum)),
                ("size", data(DataKind::Int(-1))),
            ]),
            fetch(&[url.clone(), ("sha256", text(&sum)), ("size", text("7"))]),
            fetch(&[("url", text("ftp://example.org/a")), ("sha256", text(&sum))]),
        ] {
            assert!(wrong.is_err(), "{wrong:?}");
        }
    }
}
