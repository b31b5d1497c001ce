//! Cursors that name chats: sealed, so that they tell nothing of a chat that their caller may not know of.

use crate::account::AccountContext;
use crate::error::Error;
use crate::vault::Space;

/// What a cursor is sealed for.
const PURPOSE: &[u8] = b"cursor";

/// The longest sealed cursor, in characters.
const LENGTH_MAX: usize = 512;

impl AccountContext {
    /// A cursor as it is given.
    pub(super) fn sealed_cursor(&self, cursor: Option<String>) -> Result<Option<String>, Error> {
        let seal = |cursor: String| self.records.seal_text(Space::ChatList, PURPOSE, &cursor).map(hex::encode);
        Ok(cursor.map(seal).transpose()?)
    }

    /// A cursor as it was sealed.
    pub(super) fn opened_cursor(&self, cursor: Option<&str>) -> Result<Option<String>, Error> {
        let fault = || Error::invalid("cursor", "is not one that this list gave");
        let open = |cursor: &str| {
            let sealed = hex::decode(cursor.get(..LENGTH_MAX).unwrap_or(cursor)).ok()?;
            self.records.open_text(Space::ChatList, PURPOSE, &sealed)
        };
        cursor.map(|cursor| open(cursor).ok_or_else(fault)).transpose()
    }
}
