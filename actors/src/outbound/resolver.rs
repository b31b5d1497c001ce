//! Names of hosts become addresses here, and only those that may be called are given to the connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::OutboundError;
use super::address::{is_listed, is_public};

/// Which addresses may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judge {
    /// Public ones, and those that the operator lists.
    PublicOrListed,
    /// Those that the operator lists.
    Listed,
}

/// See the module's description.
#[derive(Debug)]
pub(super) struct JudgingResolver {
    judge: Judge,
    allowed: Arc<[IpNet]>,
}

impl JudgingResolver {
    pub(super) fn new(judge: Judge, allowed: Arc<[IpNet]>) -> Self {
        Self { judge, allowed }
    }
}

fn may_call(judge: Judge, allowed: &[IpNet], address: IpAddr) -> bool {
    is_listed(allowed, address) || judge == Judge::PublicOrListed && is_public(address)
}

impl Resolve for JudgingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (judge, allowed) = (self.judge, Arc::clone(&self.allowed));
        Box::pin(async move {
            // The port is set by the connection.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found: Vec<SocketAddr> = found.map_err(|_| OutboundError::Unresolved)?.collect();
            if found.is_empty() {
                return Err(OutboundError::Unresolved.into());
            }
            let fit: Vec<SocketAddr> = found.into_iter().filter(|found| may_call(judge, &allowed, found.ip())).collect();
            if fit.is_empty() {
                return Err(OutboundError::NotPublic.into());
            }
            Ok(Box::new(fit.into_iter()) as Addrs)
        })
    }
}
