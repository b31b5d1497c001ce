//! People's cards and places.

use schemars::JsonSchema;
use serde::Deserialize;

use super::send_fields::SendFields;
use crate::account::AccountCall;
use crate::error::Error;
use crate::operation::{
    Access, AccountOperation, AccountReference, Declaration, Effect, Method, Operation, RateClass, Repetition,
};
use crate::scope::Scope;
use crate::telegram::{ChatId, LocationKind, Message, OutgoingContact, OutgoingLocation, SharedVenue, phone};

/// The longest name, in characters.
const NAME_CHARACTERS_MAX: usize = 128;

/// The longest vCard, in bytes: Telegram's own limit.
const VCARD_BYTES_MAX: usize = 2_048;

/// The longest title and address of a venue, and what names it elsewhere, in characters.
const VENUE_CHARACTERS_MAX: usize = 256;

/// How far off a place may be, in metres: Telegram's own limit.
const ACCURACY_MAX: i32 = 1_500;

/// For how long a place may move with its sender, in seconds; or without an end (<https://core.telegram.org/api/live-location>).
const LIVE_SECS_MIN: i32 = 60;
const LIVE_SECS_MAX: i32 = 86_400;
const LIVE_FOR_EVER: i32 = i32::MAX;

/// From how far off somebody who comes near is told of, at most, in metres.
const PROXIMITY_MAX: i32 = 100_000;

/// Sends a person's card.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendContact {
    account_id: AccountReference,
    chat_id: ChatId,
    /// The phone number: 7 to 15 digits.
    phone_number: String,
    /// The first name: 1 to 128 characters.
    first_name: String,
    /// The last name: at most 128 characters.
    #[serde(default)]
    last_name: Option<String>,
    /// The card as a vCard (RFC 6350): at most 2048 bytes.
    #[serde(default)]
    vcard: Option<String>,
    #[serde(flatten)]
    send: SendFields,
}

impl Operation for SendContact {
    const DECLARATION: Declaration = Declaration::new(
        "send_contact",
        "Send a person's card: a name and a phone number.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/contact",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .sends()
    .repetition(Repetition::OnceByTelegram);
    type Output = Message;

    in_chat!();

    leaves_out_of_what_was_done!();

    fn validate(&self) -> Result<(), Error> {
        if phone(&self.phone_number).is_none() {
            return Err(Error::invalid("phoneNumber", "must be a phone number: 7 to 15 digits, such as +15550000003"));
        }
        filled("firstName", &self.first_name, NAME_CHARACTERS_MAX)?;
        short("lastName", self.last_name.as_deref(), NAME_CHARACTERS_MAX)?;
        if self.vcard.as_deref().is_some_and(|card| card.len() > VCARD_BYTES_MAX) {
            return Err(Error::invalid("vcard", format!("must have at most {VCARD_BYTES_MAX} bytes")));
        }
        self.send.options().map(|_| ())
    }
}

impl AccountOperation for SendContact {
    async fn run(self, call: AccountCall) -> Result<Message, Error> {
        let contact = OutgoingContact {
            phone_number: self.phone_number,
            first_name: self.first_name,
            last_name: self.last_name.unwrap_or_default(),
            vcard: self.vcard.unwrap_or_default(),
        };
        call.send_contact(self.chat_id, &contact, &self.send.options()?).await
    }
}

/// Sends a place.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendLocation {
    account_id: AccountReference,
    chat_id: ChatId,
    /// In degrees, from -90 to 90.
    latitude: f64,
    /// In degrees, from -180 to 180.
    longitude: f64,
    /// How far off it may be, in metres: 1 to 1500.
    #[serde(default)]
    accuracy: Option<i32>,
    /// For how long it moves with its sender, in seconds: 60 to 86400, or 2147483647 without an end.
    #[serde(default)]
    live_period: Option<i32>,
    /// Where its sender is going, in degrees from north: 1 to 360. Needs `livePeriod`.
    #[serde(default)]
    heading: Option<i32>,
    /// From how far off somebody who comes near is told of, in metres: 1 to 100000. Needs `livePeriod`.
    #[serde(default)]
    proximity_radius: Option<i32>,
    /// What is there. Not with `livePeriod`.
    #[serde(default)]
    venue: Option<Venue>,
    #[serde(flatten)]
    send: SendFields,
}

/// What is at a place.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Venue {
    /// What it is called: 1 to 256 characters.
    title: String,
    /// Where it is: 1 to 256 characters.
    address: String,
    /// Who knows it, such as `foursquare`.
    #[serde(default)]
    provider: Option<String>,
    /// Its id there.
    #[serde(default)]
    id: Option<String>,
}

impl SendLocation {
    fn kind(&self) -> Result<LocationKind, Error> {
        let Some(period) = self.live_period else {
            if let Some(field) = [("heading", self.heading), ("proximityRadius", self.proximity_radius)]
                .into_iter()
                .find_map(|(field, value)| value.map(|_| field))
            {
                return Err(Error::invalid(field, "needs livePeriod"));
            }
            return match &self.venue {
                None => Ok(LocationKind::Point),
                Some(venue) => venue.checked().map(LocationKind::Venue),
            };
        };
        if self.venue.is_some() {
            return Err(Error::invalid("venue", "does not move: leave out livePeriod, or the venue"));
        }
        if !(LIVE_SECS_MIN..=LIVE_SECS_MAX).contains(&period) && period != LIVE_FOR_EVER {
            let rule = format!("must be {LIVE_SECS_MIN} to {LIVE_SECS_MAX} seconds, or {LIVE_FOR_EVER} without an end");
            return Err(Error::invalid("livePeriod", rule));
        }
        within("heading", self.heading, 360)?;
        within("proximityRadius", self.proximity_radius, PROXIMITY_MAX)?;
        Ok(LocationKind::Live { period, heading: self.heading, proximity_radius: self.proximity_radius })
    }

    fn place(&self) -> Result<OutgoingLocation, Error> {
        if !(-90.0..=90.0).contains(&self.latitude) {
            return Err(Error::invalid("latitude", "must be from -90 to 90 degrees"));
        }
        if !(-180.0..=180.0).contains(&self.longitude) {
            return Err(Error::invalid("longitude", "must be from -180 to 180 degrees"));
        }
        within("accuracy", self.accuracy, ACCURACY_MAX)?;
        let (latitude, longitude, accuracy) = (self.latitude, self.longitude, self.accuracy);
        Ok(OutgoingLocation { latitude, longitude, accuracy, kind: self.kind()? })
    }
}

impl Venue {
    fn checked(&self) -> Result<SharedVenue, Error> {
        filled("venue.title", &self.title, VENUE_CHARACTERS_MAX)?;
        filled("venue.address", &self.address, VENUE_CHARACTERS_MAX)?;
        short("venue.provider", self.provider.as_deref(), VENUE_CHARACTERS_MAX)?;
        short("venue.id", self.id.as_deref(), VENUE_CHARACTERS_MAX)?;
        let Self { title, address, provider, id } = self.clone();
        Ok(SharedVenue { title, address, provider, id })
    }
}

impl Operation for SendLocation {
    const DECLARATION: Declaration = Declaration::new(
        "send_location",
        "Send a place: a point, one that moves with its sender, or a venue.",
        Method::Post,
        "/accounts/{accountId}/chats/{chatId}/location",
        Access::Scope(Scope::MessagesSend),
        Effect::Write,
    )
    .rate(RateClass::Account)
    .sends()
    .repetition(Repetition::OnceByTelegram);
    type Output = Message;

    in_chat!();

    leaves_out_of_what_was_done!();

    fn validate(&self) -> Result<(), Error> {
        self.place()?;
        self.send.options().map(|_| ())
    }
}

impl AccountOperation for SendLocation {
    async fn run(self, call: AccountCall) -> Result<Message, Error> {
        call.send_location(self.chat_id, &self.place()?, &self.send.options()?).await
    }
}

fn within(field: &str, value: Option<i32>, most: i32) -> Result<(), Error> {
    match value {
        Some(value) if !(1..=most).contains(&value) => {
            Err(Error::invalid(field, format!("must be a whole number from 1 to {most}")))
        }
        _ => Ok(()),
    }
}

fn filled(field: &str, text: &str, most: usize) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(Error::invalid(field, "must not be blank"));
    }
    short(field, Some(text), most)
}

fn short(field: &str, text: Option<&str>, most: usize) -> Result<(), Error> {
    match text {
        Some(text) if text.chars().count() > most => Err(Error::invalid(field, format!("must have at most {most} characters"))),
        _ => Ok(()),
    }
}
