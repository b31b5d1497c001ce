//! What a call is wrapped in: `invokeWithLayer`, `initConnection` and their kin.

use grammers_tl_types::deserialize::{Cursor, Error};
use grammers_tl_types::{self as tl, Deserializable, Identifiable};

use super::error::RpcError;
use crate::world::state::ClientInfo;

/// Wrappers that one call may have, one in another. Clients use up to three.
const WRAPPERS_MAX: usize = 8;

/// A call without its wrappers.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened {
    /// The method's constructor.
    pub constructor: u32,
    /// The method's arguments, without its constructor.
    pub arguments: Vec<u8>,
    /// What the client said of itself, if it did.
    pub client: Option<ClientInfo>,
    /// Whether the session wants no updates.
    pub without_updates: bool,
}

/// What a wrapper holds, unread.
struct Rest(Vec<u8>);

impl Deserializable for Rest {
    fn deserialize(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let mut rest = Vec::new();
        cursor.read_to_end(&mut rest)?;
        Ok(Self(rest))
    }
}

/// Takes a call out of its wrappers. `invokeAfterMsg` orders nothing here, because calls run in the order in which they come.
///
/// # Errors
/// `INPUT_REQUEST_INVALID` when the bytes end early or the wrappers do not end.
pub fn open(body: &[u8]) -> Result<Opened, RpcError> {
    let invalid = |_| RpcError::bad_request("INPUT_REQUEST_INVALID");
    let mut client = None;
    let mut without_updates = false;
    let mut rest = body.to_vec();
    for _ in 0..WRAPPERS_MAX {
        let mut cursor = Cursor::from_slice(&rest);
        let constructor = u32::deserialize(&mut cursor).map_err(invalid)?;
        let Rest(inner) = match constructor {
            tl::functions::InvokeWithLayer::<Rest>::CONSTRUCTOR_ID => {
                tl::functions::InvokeWithLayer::<Rest>::deserialize(&mut cursor).map_err(invalid)?.query
            }
            tl::functions::InitConnection::<Rest>::CONSTRUCTOR_ID => {
                let init = tl::functions::InitConnection::<Rest>::deserialize(&mut cursor).map_err(invalid)?;
                client = Some(ClientInfo {
                    api_id: init.api_id,
                    device_model: init.device_model,
                    system_version: init.system_version,
                    app_version: init.app_version,
                });
                init.query
            }
            tl::functions::InvokeWithoutUpdates::<Rest>::CONSTRUCTOR_ID => {
                without_updates = true;
                tl::functions::InvokeWithoutUpdates::<Rest>::deserialize(&mut cursor).map_err(invalid)?.query
            }
            tl::functions::InvokeAfterMsg::<Rest>::CONSTRUCTOR_ID => {
                tl::functions::InvokeAfterMsg::<Rest>::deserialize(&mut cursor).map_err(invalid)?.query
            }
            tl::functions::InvokeAfterMsgs::<Rest>::CONSTRUCTOR_ID => {
                tl::functions::InvokeAfterMsgs::<Rest>::deserialize(&mut cursor).map_err(invalid)?.query
            }
            _ => {
                let Rest(arguments) = Rest::deserialize(&mut cursor).map_err(invalid)?;
                return Ok(Opened { constructor, arguments, client, without_updates });
            }
        };
        rest = inner;
    }
    Err(RpcError::bad_request("INPUT_REQUEST_INVALID"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use grammers_tl_types::Serializable;
    use proptest::prelude::*;

    #[test]
    fn wrappers_come_off_in_any_order() {
        let query = tl::functions::InvokeAfterMsg { msg_id: 1, query: tl::functions::help::GetConfig {} };
        let init = tl::functions::InitConnection {
            api_id: 7,
            device_model: "device".into(),
            system_version: "system".into(),
            app_version: "app".into(),
            system_lang_code: "en".into(),
            lang_pack: String::new(),
            lang_code: "en".into(),
            proxy: None,
            params: None,
            query,
        };
        let body = tl::functions::InvokeWithLayer { layer: 229, query: tl::functions::InvokeWithoutUpdates { query: init } };
        let opened = open(&body.to_bytes()).unwrap();
        assert_eq!(opened.constructor, tl::functions::help::GetConfig::CONSTRUCTOR_ID);
        assert!(opened.arguments.is_empty() && opened.without_updates);
        assert_eq!(opened.client.unwrap().api_id, 7);
    }

    #[test]
    fn wrappers_without_an_end_are_refused() {
        let mut body = Vec::new();
        for _ in 0..=WRAPPERS_MAX {
            body.extend(tl::functions::InvokeWithoutUpdates::<Rest>::CONSTRUCTOR_ID.to_le_bytes());
        }
        assert_eq!(open(&body), Err(RpcError::bad_request("INPUT_REQUEST_INVALID")));
    }

    proptest! {
        #[test]
        fn any_bytes_are_opened_or_refused(body in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = open(&body);
        }
    }
}
