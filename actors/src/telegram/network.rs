//! Networks: whose datacentres are dialled, and whose keys are trusted.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::rsa::PublicKey;

/// The most datacentres that a description may list.
const DATACENTRES_MAX: usize = 32;

/// Telegram's test datacentres.
const TEST_DATACENTRES: [(i32, [u8; 4]); 3] = [(1, [149, 154, 175, 10]), (2, [149, 154, 167, 40]), (3, [149, 154, 175, 117])];

/// The numbers of Telegram's datacentres.
const PRODUCTION_IDS: std::ops::RangeInclusive<i32> = 1..=5;

/// Telegram's networks, as <https://core.telegram.org/resources/cidr.txt> lists them: an address and how many bits of it count.
const TELEGRAM_NETWORKS_V4: [([u8; 4], u32); 10] = [
    ([91, 108, 56, 0], 22),
    ([91, 108, 4, 0], 22),
    ([91, 108, 8, 0], 22),
    ([91, 108, 16, 0], 22),
    ([91, 108, 12, 0], 22),
    ([149, 154, 160, 0], 20),
    ([91, 105, 192, 0], 23),
    ([91, 108, 20, 0], 22),
    ([185, 76, 151, 0], 24),
    // Where a part of datacentre 2 answers besides.
    ([95, 161, 64, 0], 20),
];
const TELEGRAM_NETWORKS_V6: [([u16; 3], u32); 5] = [
    ([0x2001, 0xb28, 0xf23d], 48),
    ([0x2001, 0xb28, 0xf23f], 48),
    ([0x2001, 0x67c, 0x4e8], 48),
    ([0x2001, 0xb28, 0xf23c], 48),
    ([0x2a0a, 0xf280, 0], 32),
];

/// Whether an address is in one of Telegram's networks.
fn is_telegram(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => TELEGRAM_NETWORKS_V4.into_iter().any(|(network, bits)| {
            let differing = u32::from(address) ^ u32::from_be_bytes(network);
            differing.leading_zeros() >= bits
        }),
        IpAddr::V6(address) => TELEGRAM_NETWORKS_V6.into_iter().any(|([first, second, third], bits)| {
            let network = std::net::Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0);
            let differing = u128::from(address) ^ u128::from(network);
            differing.leading_zeros() >= bits
        }),
    }
}

/// Whether an address is one of Telegram's test datacentres.
fn is_of_test(address: SocketAddr) -> bool {
    TEST_DATACENTRES.into_iter().any(|(_, test)| IpAddr::from(test) == address.ip())
}

/// A Telegram network. In every one but production, only the listed addresses can be dialled.
#[derive(Clone, Debug)]
pub struct Network(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    Production,
    Listed(Listed),
}

#[derive(Debug)]
struct Listed {
    datacentres: Vec<Datacentre>,
    /// Keys that grammers does not know; empty where it does.
    keys: Vec<PublicKey>,
}

/// A datacentre of a described network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Datacentre {
    /// Its id, as Telegram numbers it.
    pub id: i32,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A network as a file or the sandbox describes it. Other members are ignored.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkDescription {
    /// Its datacentres; a login starts at the first.
    pub datacentres: Vec<Datacentre>,
    /// Its public RSA keys as PEM text, PKCS#1 or SPKI.
    pub rsa_public_keys: Vec<String>,
}

/// Why a description is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNetwork {
    /// It lists no datacentre, or too many.
    #[error("datacentres: must list 1 to {DATACENTRES_MAX}")]
    Datacentres,
    /// Two datacentres share an id.
    #[error("datacentres: the id {0} is listed twice")]
    Duplicate(i32),
    /// An address of the sandbox is not on loopback.
    #[error("datacentres: {0} is not a loopback address, and a sandbox dials nothing else")]
    NotLoopback(SocketAddr),
    /// It lists no key, or one that cannot be read.
    #[error("rsaPublicKeys: {0}")]
    Key(&'static str),
}

impl Network {
    /// Telegram's own network.
    pub fn production() -> Self {
        Self(Arc::new(Kind::Production))
    }

    /// Telegram's network for tests: its accounts are not those of production.
    pub fn test() -> Self {
        let datacentres = TEST_DATACENTRES
            .into_iter()
            .map(|(id, address)| Datacentre { id, address: SocketAddr::new(IpAddr::from(address), 443) })
            .collect();
        Self(Arc::new(Kind::Listed(Listed { datacentres, keys: Vec::new() })))
    }

    /// A sandbox: as [`Network::custom`], on loopback only.
    ///
    /// # Errors
    /// [`InvalidNetwork`].
    pub fn sandbox(description: &NetworkDescription) -> Result<Self, InvalidNetwork> {
        let outside = description.datacentres.iter().find(|datacentre| !datacentre.address.ip().is_loopback());
        match outside {
            Some(datacentre) => Err(InvalidNetwork::NotLoopback(datacentre.address)),
            None => Self::custom(description),
        }
    }

    /// Whether all of it is on this machine: a server on it reaches nothing beyond.
    pub fn is_on_loopback(&self) -> bool {
        match &*self.0 {
            Kind::Production => false,
            Kind::Listed(listed) => listed.datacentres.iter().all(|datacentre| datacentre.address.ip().is_loopback()),
        }
    }

    /// A network that somebody runs themselves.
    ///
    /// # Errors
    /// [`InvalidNetwork`] names the member and what is wrong.
    pub fn custom(description: &NetworkDescription) -> Result<Self, InvalidNetwork> {
        let datacentres = description.datacentres.clone();
        if !(1..=DATACENTRES_MAX).contains(&datacentres.len()) {
            return Err(InvalidNetwork::Datacentres);
        }
        for (number, datacentre) in datacentres.iter().enumerate() {
            if datacentres.iter().skip(number + 1).any(|other| other.id == datacentre.id) {
                return Err(InvalidNetwork::Duplicate(datacentre.id));
            }
        }
        if description.rsa_public_keys.is_empty() {
            return Err(InvalidNetwork::Key("must list at least one key"));
        }
        let keys = description.rsa_public_keys.iter().map(|pem| PublicKey::from_pem(pem).map_err(InvalidNetwork::Key));
        let keys = keys.collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Kind::Listed(Listed { datacentres, keys }))))
    }

    /// The listed datacentre with this id, or `None` in production, where grammers and Telegram know them.
    pub(super) fn datacentre(&self, id: i32) -> Option<Datacentre> {
        match &*self.0 {
            Kind::Production => None,
            Kind::Listed(listed) => listed.datacentres.iter().find(|datacentre| datacentre.id == id).copied(),
        }
    }

    /// Whether a session from elsewhere is of this network: its datacentre is one of the network's by number, and by address and kind too
    /// where the session tells them. Nothing that a session tells is ever dialled.
    pub(super) fn admits(&self, dc_id: i32, address: Option<SocketAddr>, test: Option<bool>) -> bool {
        match &*self.0 {
            Kind::Production => {
                let of_telegram = address.is_none_or(|address| is_telegram(address.ip()) && !is_of_test(address));
                PRODUCTION_IDS.contains(&dc_id) && of_telegram && test != Some(true)
            }
            // A description does not say whether a network is one for tests, so only Telegram's own test network is held to it.
            Kind::Listed(listed) => self.datacentre(dc_id).is_some_and(|known| {
                address.is_none_or(|address| address == known.address) && !(listed.keys.is_empty() && test == Some(false))
            }),
        }
    }

    /// Whether addresses that Telegram names may be dialled.
    pub(super) fn is_production(&self) -> bool {
        matches!(&*self.0, Kind::Production)
    }

    /// Where a login starts.
    pub(super) fn first_datacentre(&self) -> Option<i32> {
        match &*self.0 {
            Kind::Production => None,
            Kind::Listed(listed) => listed.datacentres.first().map(|datacentre| datacentre.id),
        }
    }

    /// The keys with which we make auth keys ourselves; empty where grammers does it.
    pub(super) fn keys(&self) -> &[PublicKey] {
        match &*self.0 {
            Kind::Production => &[],
            Kind::Listed(listed) => &listed.keys,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(addresses: &[&str]) -> NetworkDescription {
        let datacentres =
            (1..).zip(addresses).map(|(id, address)| Datacentre { id, address: address.parse().unwrap() }).collect();
        NetworkDescription { datacentres, rsa_public_keys: vec![super::super::rsa::tests::PEM.to_owned()] }
    }

    #[test]
    fn a_sandbox_is_on_loopback_only() {
        assert!(Network::sandbox(&description(&["127.0.0.1:1", "127.0.0.1:2"])).is_ok());
        let outside = Network::sandbox(&description(&["127.0.0.1:1", "192.0.2.1:443"]));
        assert!(matches!(outside, Err(InvalidNetwork::NotLoopback(_))));
    }

    #[test]
    fn faults_of_a_description_are_named() {
        let mut twice = description(&["127.0.0.1:1", "127.0.0.1:2"]);
        twice.datacentres[1].id = 1;
        assert_eq!(Network::custom(&twice).err(), Some(InvalidNetwork::Duplicate(1)));
        assert_eq!(Network::custom(&description(&[])).err(), Some(InvalidNetwork::Datacentres));
        let mut keyless = description(&["127.0.0.1:1"]);
        keyless.rsa_public_keys.clear();
        assert!(matches!(Network::custom(&keyless), Err(InvalidNetwork::Key(_))));
        keyless.rsa_public_keys.push("no key".into());
        assert!(matches!(Network::custom(&keyless), Err(InvalidNetwork::Key(_))));
    }

    #[test]
    fn sessions_are_admitted_by_datacentre_address_and_kind() {
        let at = |address: &str| Some(address.parse().unwrap());
        let production = Network::production();
        assert!(production.admits(2, at("149.154.167.51:443"), None) && production.admits(5, None, Some(false)));
        assert!(
            production.admits(4, at("[2001:67c:4e8:f004::a]:443"), None) && production.admits(2, at("95.161.76.100:443"), None)
        );
        for (dc_id, address, test) in [
            (6, None, None),
            (0, None, None),
            (2, at("127.0.0.1:443"), None),
            (2, at("169.254.169.254:80"), None),
            (2, at("[::1]:443"), None),
            (2, at("149.154.167.40:443"), None),
            (2, None, Some(true)),
        ] {
            assert!(!production.admits(dc_id, address, test), "{dc_id} {address:?} {test:?}");
        }
        let test = Network::test();
        assert!(test.admits(2, at("149.154.167.40:443"), None) && test.admits(3, None, Some(true)));
        assert!(
            !test.admits(2, at("149.154.167.51:443"), None) && !test.admits(2, None, Some(false)) && !test.admits(4, None, None)
        );
        let custom = Network::custom(&description(&["192.0.2.1:1", "192.0.2.2:2"])).unwrap();
        assert!(
            custom.admits(2, at("192.0.2.2:2"), None)
                && custom.admits(1, None, Some(false))
                && custom.admits(1, None, Some(true))
        );
        assert!(
            !custom.admits(2, at("192.0.2.1:1"), None)
                && !custom.admits(2, at("192.0.2.2:3"), None)
                && !custom.admits(3, None, None)
        );
    }

    #[test]
    fn only_listed_datacentres_are_known() {
        let network = Network::custom(&description(&["127.0.0.1:1"])).unwrap();
        assert!(network.datacentre(1).is_some() && network.datacentre(2).is_none());
        assert_eq!((Network::test().first_datacentre(), Network::test().keys().len()), (Some(1), 0));
    }
}
