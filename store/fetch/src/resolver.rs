//! Name look-ups that are asked once, not once for each connection.
//!
//! In: host names. Out: addresses. Downloads run in parallel, and resolvers that drop one of many equal questions cost
//! five seconds each time. One look-up at a time, and an answer holds for a minute.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// How long an answer holds.
const HOLDS: Duration = Duration::from_mins(1);

/// The system's resolver, remembered.
#[derive(Debug, Default)]
pub(crate) struct RememberingResolver {
    system: DefaultResolver,
    answers: Mutex<BTreeMap<String, (Instant, Vec<SocketAddr>)>>,
}

impl Resolver for RememberingResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let port = uri
            .port_u16()
            .map_or_else(String::new, |port| port.to_string());
        let key = format!(
            "{}://{}:{port}",
            uri.scheme_str().unwrap_or_default(),
            uri.host().unwrap_or_default()
        );
        // Held while asking: others wait for this answer in place of asking the same.
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((asked, known)) = answers.get(&key)
            && asked.elapsed() < HOLDS
        {
            let mut found = self.empty();
            for address in known {
                found.push(*address);
            }
            return Ok(found);
        }
        let found = self.system.resolve(uri, config, timeout)?;
        answers.insert(key, (Instant::now(), found.iter().copied().collect()));
        Ok(found)
    }
}
