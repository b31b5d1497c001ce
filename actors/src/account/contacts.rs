//! What an account does with its address book, and with whom it blocks. All of it may be repeated: it says how things are to be.

use crate::account::AccountContext;
use crate::error::Error;
use crate::telegram::{BlockedPage, Chat, ChatId, ContactPage, ImportedContacts, PersonName};

impl AccountContext {
    /// A page of the address book.
    pub(crate) async fn contacts(&self, cursor: Option<&str>, limit: u32) -> Result<ContactPage, Error> {
        let opened = self.opened_cursor(cursor)?;
        let cursor = opened.as_deref();
        let page = self.repeatable("contacts.getContacts", async |connection| connection.contacts(cursor, limit).await).await?;
        let sealed = self.sealed_cursor(page.next_cursor())?;
        Ok(page.with_cursor(sealed))
    }

    /// Contacts whose name or username fits.
    pub(crate) async fn search_contacts(&self, query: &str, limit: u32) -> Result<Vec<Chat>, Error> {
        self.repeatable("contacts.getContacts", async |connection| connection.search_contacts(query, limit).await).await
    }

    /// Puts a user into the address book.
    pub(crate) async fn add_contact(&self, user: ChatId, name: &PersonName, share_phone: bool) -> Result<Chat, Error> {
        let method = "contacts.addContact";
        let added = self.repeatable(method, async |connection| connection.add_contact(user, name, share_phone).await).await;
        self.chats_changed();
        added
    }

    /// Puts people into the address book by their phone numbers.
    pub(crate) async fn import_contacts(&self, people: &[(String, PersonName)]) -> Result<ImportedContacts, Error> {
        let method = "contacts.importContacts";
        let imported = self.repeatable(method, async |connection| connection.import_contacts(people).await).await;
        self.chats_changed();
        imported
    }

    /// Takes a user out of the address book.
    pub(crate) async fn delete_contact(&self, user: ChatId) -> Result<(), Error> {
        let method = "contacts.deleteContacts";
        self.repeatable(method, async |connection| connection.delete_contact(user).await).await?;
        self.chats_changed();
        Ok(())
    }

    /// Blocks somebody, or lets them write again.
    pub(crate) async fn block(&self, user: ChatId, blocked: bool) -> Result<(), Error> {
        let method = if blocked { "contacts.block" } else { "contacts.unblock" };
        self.repeatable(method, async |connection| connection.block(user, blocked).await).await
    }

    /// A page of the people whom the account blocks.
    pub(crate) async fn blocked(&self, cursor: Option<&str>, limit: u32) -> Result<BlockedPage, Error> {
        self.repeatable("contacts.getBlocked", async |connection| connection.blocked(cursor, limit).await).await
    }
}
