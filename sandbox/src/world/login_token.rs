//! Tokens by which another device lets a key sign in, see <https://core.telegram.org/api/qr-login>.

use serde::{Deserialize, Serialize};

use super::ids::KeyAddress;

/// How long a token stands, in seconds, unless the control API sets another time.
pub const LOGIN_TOKEN_SECS: i32 = 30;

/// Where a token is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoginTokenStage {
    /// It waits to be scanned. These users may not accept it.
    Shown {
        /// Who is signed in on the waiting device already.
        except: Vec<i64>,
    },
    /// This user accepted it.
    Accepted(i64),
    /// This user accepted it, and lives in another datacentre, where it is to be shown.
    Moved {
        /// Who.
        user_id: i64,
        /// Where.
        dc_id: i32,
    },
}

/// A token that was given to a key which is not signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginToken {
    /// The key that waits.
    pub key: KeyAddress,
    /// From when on it stands no more, in Unix seconds.
    pub expires: i32,
    /// Where it is on its way.
    pub stage: LoginTokenStage,
}

/// What happens to tokens. They are written as hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoginTokenEvent {
    /// A token was given, or is another now. One that only waited for a scan takes the place of the key's former one.
    Stored {
        /// Which.
        token: String,
        /// What it is now.
        login: LoginToken,
        /// Unix seconds.
        date: i32,
    },
    /// A token serves no more.
    Used {
        /// Which.
        token: String,
    },
}
