//! A cache behind any web server, to be read.

use super::{Fill, Place, open_url, transfer_error};
use crate::error::{Error, Result};
use cairn_fetch::{Client, Request};
use std::io::Read;
use std::path::Path;

/// A cache at a URL.
#[derive(Debug)]
pub struct Web {
    url: String,
    client: Client,
}

impl Web {
    /// The cache at `http://…` or `https://…`.
    pub fn new(url: &str, client: Client) -> Self {
        Self {
            url: url.trim_end_matches('/').into(),
            client,
        }
    }

    /// Names are made of characters that need no escapes.
    fn url_of(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }
}

impl Place for Web {
    fn title(&self) -> String {
        self.url.clone()
    }

    fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>> {
        let request = Request {
            url: &self.url_of(name),
            size: None,
            sha256: None,
        };
        self.client
            .get(&request, limit)
            .map_err(|error| transfer_error("read", &self.url, name, &error))
    }

    fn open(&self, name: &str, limit: u64, scratch: &Path) -> Result<Box<dyn Read>> {
        let whence = (self.url.as_str(), name);
        open_url(&self.client, &self.url_of(name), whence, limit, scratch)
    }

    fn has(&self, name: &str) -> Result<bool> {
        self.client
            .exists(&self.url_of(name))
            .map_err(|error| transfer_error("look for", &self.url, name, &error))
    }

    fn check_writable(&self) -> Result<()> {
        Err(Error::ReadOnly {
            cache: self.url.clone(),
        })
    }

    fn put(&self, _name: &str, _fill: Fill<'_>) -> Result<u64> {
        self.check_writable().map(|()| 0)
    }

    fn settle(&self) -> Result<()> {
        Ok(())
    }

    fn lanes(&self) -> usize {
        8
    }
}
