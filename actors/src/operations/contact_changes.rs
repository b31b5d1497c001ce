//! Changes of the address book and of whom an account blocks.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::scope::Scope;
use crate::telegram::{Chat, ChatId, ChatIdKind, ImportedContacts, PersonName, phone};

/// Telegram's own limit for each part of a name, in characters.
const NAME_CHARACTERS_MAX: usize = 64;

/// How many people one call may import.
const IMPORTED_MAX: usize = 100;

/// Puts a person whom the account knows into the address book.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddContact {
    account_id: AccountReference,
    /// The person.
    user_id: ChatId,
    /// The first name that the contact is to have here: 1 to 64 characters.
    first_name: String,
    /// The last name: at most 64 characters.
    #[serde(default)]
    last_name: String,
    /// Whether the person may see the phone number of this account.
    #[serde(default)]
    share_phone: bool,
}

impl Operation for AddContact {
    const DECLARATION: Declaration = Declaration::new(
        "add_contact",
        "Put a person whom the account knows into the address book.",
        Method::Post,
        "/accounts/{accountId}/contacts",
        Access::Scope(Scope::ContactsWrite),
        Effect::Write,
    )
    .repetition(Repetition::Harmless);
    type Output = Chat;

    in_account!();

    leaves_out_of_what_was_done!();

    fn chats(&self) -> Vec<ChatId> {
        vec![self.user_id]
    }

    fn validate(&self) -> Result<(), Error> {
        check_user("userId", self.user_id)?;
        check_names(&self.first_name, &self.last_name, "")
    }
}

impl AccountOperation for AddContact {
    async fn run(self, call: AccountCall) -> Result<Chat, Error> {
        let name = person_name(&self.first_name, &self.last_name);
        call.add_contact(self.user_id, &name, self.share_phone).await
    }
}

/// Somebody to import.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportedPerson {
    /// The phone number.
    phone: String,
    /// The first name that the contact is to have here: 1 to 64 characters.
    first_name: String,
    /// The last name: at most 64 characters.
    #[serde(default)]
    last_name: String,
}

/// Puts people into the address book by their phone numbers.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportContacts {
    account_id: AccountReference,
    /// Whom to import: 1 to 100 people.
    contacts: Vec<ImportedPerson>,
}

impl Operation for ImportContacts {
    const DECLARATION: Declaration = Declaration::new(
        "import_contacts",
        "Put people into the address book by their phone numbers.",
        Method::Post,
        "/accounts/{accountId}/contacts/import",
        Access::Scope(Scope::ContactsWrite),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .repetition(Repetition::Harmless);
    type Output = ImportedContacts;

    in_account!();

    leaves_out_of_what_was_done!();

    fn touches_unnamed(&self) -> bool {
        true
    }

    fn validate(&self) -> Result<(), Error> {
        if self.contacts.is_empty() || self.contacts.len() > IMPORTED_MAX {
            return Err(Error::invalid("contacts", format!("must name 1 to {IMPORTED_MAX} people")));
        }
        for (place, person) in self.contacts.iter().enumerate() {
            let field = format!("contacts[{place}].");
            if phone(&person.phone).is_none() {
                return Err(Error::invalid(&format!("{field}phone"), "must be a phone number, such as +15550000001"));
            }
            check_names(&person.first_name, &person.last_name, &field)?;
        }
        Ok(())
    }
}

impl AccountOperation for ImportContacts {
    async fn run(self, call: AccountCall) -> Result<ImportedContacts, Error> {
        let people = self.contacts.iter().filter_map(|person| {
            let name = person_name(&person.first_name, &person.last_name);
            phone(&person.phone).map(|phone| (phone, name))
        });
        call.import_contacts(&people.collect::<Vec<_>>()).await
    }
}

/// Takes a person out of the address book.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeleteContact {
    account_id: AccountReference,
    /// The person.
    user_id: ChatId,
}

impl Operation for DeleteContact {
    const DECLARATION: Declaration = Declaration::new(
        "delete_contact",
        "Take a person out of the address book.",
        Method::Delete,
        "/accounts/{accountId}/contacts/{userId}",
        Access::Scope(Scope::ContactsWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_account!();

    fn chats(&self) -> Vec<ChatId> {
        vec![self.user_id]
    }

    fn validate(&self) -> Result<(), Error> {
        check_user("userId", self.user_id)
    }
}

impl AccountOperation for DeleteContact {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.delete_contact(self.user_id).await
    }
}

/// Blocks a person.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlockUser {
    account_id: AccountReference,
    /// The person.
    user_id: ChatId,
}

impl Operation for BlockUser {
    const DECLARATION: Declaration = Declaration::new(
        "block_user",
        "Block a person, who can then not write to the account.",
        Method::Put,
        "/accounts/{accountId}/blocked/{userId}",
        Access::Scope(Scope::ContactsWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_account!();

    fn chats(&self) -> Vec<ChatId> {
        vec![self.user_id]
    }

    fn validate(&self) -> Result<(), Error> {
        check_user("userId", self.user_id)
    }
}

impl AccountOperation for BlockUser {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.block(self.user_id, true).await
    }
}

/// Unblocks a person.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnblockUser {
    account_id: AccountReference,
    /// The person.
    user_id: ChatId,
}

impl Operation for UnblockUser {
    const DECLARATION: Declaration = Declaration::new(
        "unblock_user",
        "Let a person write to the account again.",
        Method::Delete,
        "/accounts/{accountId}/blocked/{userId}",
        Access::Scope(Scope::ContactsWrite),
        Effect::Write,
    )
    .success(204);
    type Output = ();

    in_account!();

    fn chats(&self) -> Vec<ChatId> {
        vec![self.user_id]
    }

    fn validate(&self) -> Result<(), Error> {
        check_user("userId", self.user_id)
    }
}

impl AccountOperation for UnblockUser {
    async fn run(self, call: AccountCall) -> Result<(), Error> {
        call.block(self.user_id, false).await
    }
}

fn check_user(field: &str, user: ChatId) -> Result<(), Error> {
    match user.kind() {
        ChatIdKind::User(_) => Ok(()),
        _ => Err(Error::invalid(field, "must be the id of a person")),
    }
}

/// Checks both parts of a name; `place` stands before the field's own name.
fn check_names(first: &str, last: &str, place: &str) -> Result<(), Error> {
    if first.trim().is_empty() {
        return Err(Error::invalid(&format!("{place}firstName"), "must not be blank"));
    }
    for (field, name) in [("firstName", first), ("lastName", last)] {
        if name.trim().chars().count() > NAME_CHARACTERS_MAX {
            return Err(Error::invalid(
                &format!("{place}{field}"),
                format!("must have at most {NAME_CHARACTERS_MAX} characters"),
            ));
        }
    }
    Ok(())
}

fn person_name(first: &str, last: &str) -> PersonName {
    PersonName { first: first.trim().to_owned(), last: last.trim().to_owned() }
}
