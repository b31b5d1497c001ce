//! The address book.

use grammers_tl_types::{enums, functions, types};

use super::chat_id::ChatIdKind;
use super::chat_types::{Blocked, BlockedPage, ImportedContacts};
use super::convert::{self, Met};
use super::{Chat, ChatId, Connection, ContactPage, TelegramError};

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

    /// Contacts whose name or username fits.
    ///
    /// # Errors
    /// As every call.
    pub async fn search_contacts(&self, query: &str, limit: u32) -> Result<Vec<Chat>, TelegramError> {
        let query = query.to_lowercase();
        let enums::contacts::Contacts::Contacts(book) = self.invoke(&functions::contacts::GetContacts { hash: 0 }).await? else {
            return Err(TelegramError::Unexpected("nothing was modified"));
        };
        let met = Met::new(book.users, Vec::new());
        self.remember(&met).await?;
        let people = book.contacts.iter().map(|enums::Contact::Contact(contact)| contact.user_id);
        let people = people.map(|id| convert::chat_of_peer(ChatId::of(ChatIdKind::User(id)), &met));
        let is_called = |text: &str| text.to_lowercase().contains(&query);
        let found = people.filter(|person| is_called(&person.title) || person.username.as_deref().is_some_and(is_called));
        Ok(found.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }

    /// Puts a user whom the account knows into the address book, under this name.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn add_contact(&self, user: ChatId, name: &PersonName, share_phone: bool) -> Result<Chat, TelegramError> {
        let request = functions::contacts::AddContact {
            add_phone_privacy_exception: share_phone,
            id: self.addressed_user(user).await?,
            first_name: name.first.clone(),
            last_name: name.last.clone(),
            phone: String::new(),
            note: None,
        };
        let met = match self.invoke(&request).await? {
            enums::Updates::Updates(updates) => Met::new(updates.users, updates.chats),
            enums::Updates::Combined(updates) => Met::new(updates.users, updates.chats),
            _ => Met::new(Vec::new(), Vec::new()),
        };
        self.remember(&met).await?;
        Ok(convert::chat_of_peer(user, &met))
    }

    /// Puts people into the address book by their phone numbers (digits).
    ///
    /// # Errors
    /// As every call.
    pub async fn import_contacts(&self, people: &[(String, PersonName)]) -> Result<ImportedContacts, TelegramError> {
        let contacts = people.iter().zip(0..).map(|((phone, name), client_id)| {
            let (first_name, last_name) = (name.first.clone(), name.last.clone());
            types::InputPhoneContact { client_id, phone: phone.clone(), first_name, last_name, note: None }.into()
        });
        let request = functions::contacts::ImportContacts { contacts: contacts.collect() };
        let enums::contacts::ImportedContacts::Contacts(imported) = self.invoke(&request).await?;
        let met = Met::new(imported.users, Vec::new());
        self.remember(&met).await?;
        let found: Vec<_> = imported.imported.iter().map(|enums::ImportedContact::Contact(contact)| contact).collect();
        let is_found = |place: &usize| found.iter().any(|contact| usize::try_from(contact.client_id) == Ok(*place));
        let missing = (0..people.len()).filter(|place| !is_found(place)).collect();
        let mut contacts: Vec<Chat> = Vec::new();
        for contact in &found {
            let id = ChatId::of(ChatIdKind::User(contact.user_id));
            if contacts.iter().all(|known| known.id != id) {
                contacts.push(convert::chat_of_peer(id, &met));
            }
        }
        Ok(ImportedContacts { contacts, missing })
    }

    /// Takes a user out of the address book. Somebody who is not in it is no error.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn delete_contact(&self, user: ChatId) -> Result<(), TelegramError> {
        let id = vec![self.addressed_user(user).await?];
        self.invoke(&functions::contacts::DeleteContacts { id }).await.map(|_| ())
    }

    /// Blocks somebody, or lets them write again. Saying the same twice is no error.
    ///
    /// # Errors
    /// [`TelegramError::ChatNotFound`], or what any call can meet.
    pub async fn block(&self, user: ChatId, blocked: bool) -> Result<(), TelegramError> {
        let (id, my_stories_from) = (self.input_peer(user).await?, false);
        if blocked {
            self.invoke(&functions::contacts::Block { my_stories_from, id }).await.map(|_| ())
        } else {
            self.invoke(&functions::contacts::Unblock { my_stories_from, id }).await.map(|_| ())
        }
    }

    /// A page of the people whom the account blocks, the latest first.
    ///
    /// # Errors
    /// [`TelegramError::InvalidCursor`]; otherwise what any call can meet.
    pub async fn blocked(&self, cursor: Option<&str>, limit: u32) -> Result<BlockedPage, TelegramError> {
        let offset = match cursor {
            None => 0,
            Some(cursor) => cursor.parse::<u16>().map(i32::from).map_err(|_| TelegramError::InvalidCursor)?,
        };
        let asked = i32::try_from(limit).unwrap_or(i32::MAX);
        let request = functions::contacts::GetBlocked { my_stories_from: false, offset, limit: asked };
        let (blocked, chats, users, total) = match self.invoke(&request).await? {
            enums::contacts::Blocked::Blocked(all) => (all.blocked, all.chats, all.users, None),
            enums::contacts::Blocked::Slice(slice) => (slice.blocked, slice.chats, slice.users, Some(slice.count)),
        };
        let met = Met::new(users, chats);
        self.remember(&met).await?;
        let next = offset.saturating_add(i32::try_from(blocked.len()).unwrap_or(i32::MAX));
        let is_more = !blocked.is_empty() && total.is_some_and(|total| next < total);
        let blocked = blocked.iter().map(|enums::PeerBlocked::Blocked(blocked)| {
            let Chat { id, title, username, .. } = convert::chat_of_peer(convert::chat_of(&blocked.peer_id), &met);
            Blocked { chat_id: id, title, username, date: i64::from(blocked.date) }
        });
        Ok(BlockedPage { blocked: blocked.collect(), next_cursor: is_more.then(|| next.to_string()) })
    }
}

/// What a contact is to be called.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonName {
    /// First name.
    pub first: String,
    /// Last name, or nothing.
    pub last: String,
}

impl std::fmt::Debug for PersonName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PersonName(..)")
    }
}
