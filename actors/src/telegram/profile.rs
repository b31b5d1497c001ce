//! What the account shows of itself: name, bio and username.

use grammers_tl_types::functions;

use super::{Connection, TelegramError};

impl Connection {
    /// Changes the account's name; what is left out stays, and an empty last name is none.
    ///
    /// # Errors
    /// [`TelegramError::Refused`], or what any call can meet.
    pub async fn set_name(&self, first_name: Option<&str>, last_name: Option<&str>) -> Result<(), TelegramError> {
        let first_name = first_name.map(str::to_owned);
        let last_name = last_name.map(str::to_owned);
        self.invoke(&functions::account::UpdateProfile { first_name, last_name, about: None }).await.map(|_| ())
    }

    /// Changes what the account says of itself; an empty text is none.
    ///
    /// # Errors
    /// As [`Self::set_name`].
    pub async fn set_bio(&self, bio: &str) -> Result<(), TelegramError> {
        let about = Some(bio.to_owned());
        let request = functions::account::UpdateProfile { first_name: None, last_name: None, about };
        self.invoke(&request).await.map(|_| ())
    }

    /// Changes the account's username, without the at sign; an empty one is none.
    ///
    /// # Errors
    /// `USERNAME_NOT_MODIFIED`; otherwise as [`Self::set_name`].
    pub async fn set_username(&self, username: &str) -> Result<(), TelegramError> {
        self.invoke(&functions::account::UpdateUsername { username: username.to_owned() }).await.map(|_| ())
    }
}
