//! A cache in a bucket of S3, or of anything that speaks its protocol.
//!
//! Requests are signed (Signature Version 4) in their query. Only GET, HEAD and PUT of whole objects are used.

use super::{Fill, IN_MEMORY, Place, open_url, transfer_error};
use crate::error::{Error, Result};
use cairn_fetch::{Client, Request, Upload};
use rusty_s3::{Credentials, S3Action as _, UrlStyle};
use std::io::{self, Read, Seek as _, Write};
use std::path::Path;
use std::time::Duration;

/// How long a signed request holds: the longest that a transfer of one file may take to begin.
const HOLDS: Duration = Duration::from_hours(1);

/// A bucket, with a prefix in it.
#[derive(Debug)]
pub struct Bucket {
    title: String,
    prefix: String,
    signer: rusty_s3::Bucket,
    /// None for a bucket that anybody may read.
    credentials: Option<Credentials>,
    client: Client,
}

impl Bucket {
    /// The bucket of `BUCKET[/PREFIX]`. The environment has the rest, under the names that all tools use:
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` or `AWS_DEFAULT_REGION`,
    /// `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`.
    ///
    /// Errors: [`Error::Address`].
    pub fn new(
        rest: &str,
        client: Client,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self> {
        let title = format!("s3://{rest}");
        let wrong = |why: String| Error::Address {
            address: title.clone(),
            why,
        };
        let set = |names: &[&str]| {
            let mut found = names.iter().filter_map(|name| variable(name));
            found.find(|value| !value.is_empty())
        };
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let sound = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        if name.is_empty() || !rest.chars().all(sound) {
            return Err(wrong(
                "a bucket is written s3://BUCKET or s3://BUCKET/PREFIX".into(),
            ));
        }
        let region = set(&["AWS_REGION", "AWS_DEFAULT_REGION"]);
        let region = region.unwrap_or_else(|| "us-east-1".into());
        let endpoint = set(&["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]);
        // Servers of one's own know buckets as folders; Amazon's are hosts.
        let (endpoint, style) = match endpoint {
            Some(endpoint) => (endpoint, UrlStyle::Path),
            None => (
                format!("https://s3.{region}.amazonaws.com"),
                UrlStyle::VirtualHost,
            ),
        };
        let endpoint = endpoint
            .parse()
            .map_err(|_| wrong(format!("AWS_ENDPOINT_URL is no URL: `{endpoint}`")))?;
        let signer = rusty_s3::Bucket::new(endpoint, style, name.to_owned(), region)
            .map_err(|error| wrong(error.to_string()))?;
        let keys = (set(&["AWS_ACCESS_KEY_ID"]), set(&["AWS_SECRET_ACCESS_KEY"]));
        let credentials = match (keys, set(&["AWS_SESSION_TOKEN"])) {
            ((Some(key), Some(secret)), Some(token)) => {
                Some(Credentials::new_with_token(key, secret, token))
            }
            ((Some(key), Some(secret)), None) => Some(Credentials::new(key, secret)),
            _ => None,
        };
        let prefix = prefix.trim_matches('/');
        Ok(Self {
            title,
            prefix: if prefix.is_empty() {
                String::new()
            } else {
                format!("{prefix}/")
            },
            signer,
            credentials,
            client,
        })
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn url_to_read(&self, name: &str) -> String {
        self.signer
            .get_object(self.credentials.as_ref(), &self.key(name))
            .sign(HOLDS)
            .into()
    }
}

/// Memory as long as it is little, a file without a name after that.
type Spool = tempfile::SpooledTempFile;

impl Place for Bucket {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        let request = Request {
            url: &self.url_to_read(name),
            size: None,
            sha256: None,
        };
        self.client
            .get(&request, limit)
            .map_err(|error| transfer_error("read", &self.title, name, &error))
    }

    fn open(&self, name: &str, limit: u64, scratch: &Path) -> Result<Box<dyn Read>> {
        let whence = (self.title.as_str(), name);
        open_url(
            &self.client,
            &self.url_to_read(name),
            whence,
            limit,
            scratch,
        )
    }

    fn has(&self, name: &str) -> Result<bool> {
        let key = self.key(name);
        let action = self.signer.head_object(self.credentials.as_ref(), &key);
        self.client
            .exists(action.sign(HOLDS).as_str())
            .map_err(|error| transfer_error("look for", &self.title, name, &error))
    }

    fn put(&self, name: &str, fill: Fill<'_>) -> Result<u64> {
        let mut spool = Spool::new(IN_MEMORY as usize);
        fill(&mut spool)?;
        let failed = |source: io::Error| Error::Stream {
            act: "keep what is to be sent",
            source,
        };
        spool.flush().map_err(failed)?;
        let size = spool.stream_position().map_err(failed)?;
        let key = self.key(name);
        let action = self.signer.put_object(self.credentials.as_ref(), &key);
        let url = action.sign(HOLDS);
        let sent = match spool.into_inner() {
            tempfile::SpooledData::InMemory(bytes) => self
                .client
                .put(url.as_str(), Upload::Bytes(bytes.get_ref())),
            tempfile::SpooledData::OnDisk(file) => {
                self.client.put(url.as_str(), Upload::File(&file))
            }
        };
        sent.map_err(|error| transfer_error("write", &self.title, name, &error))?;
        Ok(size)
    }

    fn settle(&self) -> Result<()> {
        // What the server has answered for is its own to keep.
        Ok(())
    }

    fn lanes(&self) -> usize {
        8
    }
}
