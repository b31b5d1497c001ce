//! People: usernames, contacts, profiles and privacy.

use super::RefusalClass::{Conflict, Invalid, NotFound, NotPermitted, Privacy};
use super::{Refusal, row};

pub(super) static TABLE: &[Refusal] = &[
    row(NotFound, "USERNAME_NOT_OCCUPIED", "Nobody has this username or phone number"),
    row(Invalid, "USERNAME_INVALID", "The username is not acceptable"),
    row(NotFound, "PHONE_NOT_OCCUPIED", "Nobody has this username or phone number"),
    row(NotFound, "CONTACT_MISSING", "The user is not a contact"),
    row(NotFound, "CONTACT_REQ_MISSING", "The user has not asked for this"),
    row(Conflict, "CONTACT_ADD_MISSING", "The user must be a contact first"),
    row(Invalid, "CONTACT_NAME_EMPTY", "The contact's name is empty"),
    row(Invalid, "FIRSTNAME_INVALID", "The first name is not acceptable"),
    row(Invalid, "LASTNAME_INVALID", "The last name is not acceptable"),
    row(Invalid, "ABOUT_TOO_LONG", "The bio is too long"),
    row(Invalid, "BIRTHDAY_INVALID", "The birthday is no date"),
    row(Invalid, "COLOR_INVALID", "There is no such colour"),
    row(Invalid, "PRIVACY_KEY_INVALID", "There is no such privacy setting"),
    row(Invalid, "PRIVACY_VALUE_INVALID", "The privacy setting does not take this value"),
    row(Invalid, "PRIVACY_TOO_LONG", "The privacy setting names too many people"),
    row(Invalid, "NEW_SETTINGS_INVALID", "The settings are not acceptable"),
    row(Invalid, "NEW_SETTINGS_EMPTY", "No setting is given"),
    row(Invalid, "NEW_SALT_INVALID", "The new password cannot be set in this way"),
    row(Invalid, "SETTINGS_INVALID", "The settings are not acceptable"),
    row(Invalid, "LANG_CODE_INVALID", "There is no such language"),
    row(Invalid, "LANG_CODE_NOT_SUPPORTED", "There is no such language"),
    row(NotPermitted, "AUTOARCHIVE_NOT_AVAILABLE", "Telegram does not let this account archive strangers"),
    row(NotPermitted, "USERPIC_UPLOAD_REQUIRED", "The account needs a photo for this"),
    row(NotPermitted, "USERPIC_PRIVACY_REQUIRED", "The account's photo must be visible to everybody for this"),
    row(Privacy, "YOUR_PRIVACY_RESTRICTED", "The account hides this of itself, so it cannot see it of others"),
];
