//! What an account does with its address book.

use crate::account::AccountContext;
use crate::error::Error;
use crate::telegram::ContactPage;

impl AccountContext {
    /// A page of the address book.
    pub(crate) async fn contacts(&self, cursor: Option<&str>, limit: u32) -> Result<ContactPage, Error> {
        self.repeatable("contacts.getContacts", async |connection| connection.contacts(cursor, limit).await).await
    }
}
