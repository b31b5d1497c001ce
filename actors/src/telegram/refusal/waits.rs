//! Refusals that end by waiting, and limits of the whole account.

use super::RefusalClass::{Conflict, Flood, Frozen, Payment, PeerFlood, Premium, SlowMode, Wait};
use super::{Refusal, row};

pub(super) static TABLE: &[Refusal] = &[
    row(Flood, "FLOOD_WAIT_X", "Telegram asks to wait {value} s"),
    row(Flood, "FLOOD_PREMIUM_WAIT_X", "Telegram asks to wait {value} s; accounts with Premium wait less"),
    row(Flood, "FLOOD_TEST_PHONE_WAIT_X", "Telegram asks to wait {value} s before this test number logs in again"),
    row(SlowMode, "SLOWMODE_WAIT_X", "The chat is in slow mode: wait {value} s before the next message here"),
    row(Conflict, "SLOWMODE_MULTI_MSGS_DISABLED", "Slow mode lets members send one message at a time"),
    row(Wait, "2FA_CONFIRM_WAIT_X", "The two-factor password can be reset in {value} s"),
    row(Wait, "PASSWORD_TOO_FRESH_X", "The two-factor password was set too recently: wait {value} s"),
    row(Wait, "SESSION_TOO_FRESH_X", "This login is too new for that: wait {value} s"),
    row(Wait, "TAKEOUT_INIT_DELAY_X", "Telegram lets the account's data be exported in {value} s"),
    row(Wait, "PHONE_NUMBER_FLOOD", "Too many codes were asked for this number: try again later"),
    row(Wait, "PHONE_PASSWORD_FLOOD", "There were too many attempts to log in: try again later"),
    row(
        Wait,
        "FRESH_CHANGE_ADMINS_FORBIDDEN",
        "The account became an administrator too recently to change others: try again later",
    ),
    row(Wait, "FRESH_CHANGE_PHONE_FORBIDDEN", "This login is too new to change the phone number: try again in a day"),
    row(Wait, "FRESH_RESET_AUTHORISATION_FORBIDDEN", "This login is too new to end others: try again in a day"),
    row(
        PeerFlood,
        "PEER_FLOOD",
        "Telegram has limited this account because of reports: it may write to its contacts only. Ask @SpamBot",
    ),
    row(PeerFlood, "USER_RESTRICTED", "Telegram has limited this account because of reports. Ask @SpamBot"),
    row(Frozen, "FROZEN_METHOD_INVALID", "Telegram has frozen this account: it can only read. Appeal in an official app"),
    row(Frozen, "FROZEN_PARTICIPANT_MISSING", "The chat is not open to a frozen account"),
    row(Premium, "PREMIUM_ACCOUNT_REQUIRED", "This needs Telegram Premium"),
    row(Premium, "PREMIUM_CURRENTLY_UNAVAILABLE", "This needs Telegram Premium, which cannot be bought now"),
    row(
        Premium,
        "PRIVACY_PREMIUM_REQUIRED",
        "This person takes messages from contacts and from accounts with Telegram Premium only",
    ),
    row(Premium, "BOOSTS_REQUIRED", "The channel needs more boosts for this"),
    row(Premium, "BOOSTS_EMPTY", "The account has no boost to give"),
    row(
        Payment,
        "ALLOW_PAYMENT_REQUIRED_X",
        "This chat asks for {value} Telegram Stars per message, which this server does not pay",
    ),
    row(Payment, "PAYMENT_REQUIRED", "This costs Telegram Stars, which this server does not pay"),
    row(Payment, "BALANCE_TOO_LOW", "The account has too few Telegram Stars"),
    row(Payment, "SUBSCRIPTION_EXPORT_MISSING", "This link takes a paid subscription, which this server does not make"),
];
