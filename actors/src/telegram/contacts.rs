//! The address book.

use grammers_tl_types::{enums, functions};

use super::chat_id::ChatIdKind;
use super::convert::{self, Met};
use super::{ChatId, Connection, ContactPage, TelegramError};

impl Connection {
    /// A page of the address book in the order of the users' ids, after the id that the cursor names.
    ///
    /// # Errors
    /// [`TelegramError::InvalidCursor`]; otherwise what any call can meet.
    pub async fn contacts(&self, cursor: Option<&str>, limit: u32) -> Result<ContactPage, TelegramError> {
        let after = match cursor {
            None => 0,
            Some(cursor) => cursor.parse::<i64>().map_err(|_| TelegramError::InvalidCursor)?,
        };
        // Telegram gives the whole book at once; only the page is made into an answer.
        let enums::contacts::Contacts::Contacts(book) = self.invoke(&functions::contacts::GetContacts { hash: 0 }).await? else {
            return Err(TelegramError::Unexpected("nothing was modified"));
        };
        let met = Met::new(book.users, Vec::new());
        self.remember(&met).await?;
        let ids = book.contacts.iter().map(|enums::Contact::Contact(contact)| contact.user_id);
        let mut ids: Vec<i64> = ids.filter(|id| *id > after && met.user(*id).is_some()).collect();
        ids.sort_unstable();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let next_cursor = if ids.len() > limit { limit.checked_sub(1).and_then(|last| ids.get(last)).copied() } else { None };
        let page = ids.iter().take(limit).map(|id| convert::chat_of_peer(ChatId::of(ChatIdKind::User(*id)), &met));
        Ok(ContactPage { contacts: page.collect(), next_cursor: next_cursor.map(|id| id.to_string()) })
    }
}
