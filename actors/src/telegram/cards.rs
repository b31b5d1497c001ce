//! Sending people's cards and places.

use grammers_tl_types::types;

use super::{ChatId, Connection, FormattedText, Message, SendOptions, SharedVenue, TelegramError};

/// A person's card that is to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct OutgoingContact {
    /// The phone number.
    pub phone_number: String,
    /// The first name.
    pub first_name: String,
    /// The last name; may be empty.
    pub last_name: String,
    /// The card as a vCard; may be empty.
    pub vcard: String,
}

/// A place that is to be sent.
#[derive(Clone, PartialEq)]
pub struct OutgoingLocation {
    /// In degrees, north positive.
    pub latitude: f64,
    /// In degrees, east positive.
    pub longitude: f64,
    /// How far off it may be, in metres.
    pub accuracy: Option<i32>,
    /// What there is to it.
    pub kind: LocationKind,
}

/// What there is to a place.
#[derive(Clone, PartialEq)]
pub enum LocationKind {
    /// Nothing.
    Point,
    /// It moves with its sender.
    Live {
        /// For how long, in seconds.
        period: i32,
        /// Where to, in degrees from north.
        heading: Option<i32>,
        /// Who comes so near is told of, in metres.
        proximity_radius: Option<i32>,
    },
    /// Something is there.
    Venue(SharedVenue),
}

impl Connection {
    /// Sends a person's card under this `random_id`, which Telegram accepts once.
    ///
    /// # Errors
    /// As [`Connection::send_message`].
    pub async fn send_contact(
        &self,
        chat: ChatId,
        contact: &OutgoingContact,
        options: &SendOptions,
        random_id: i64,
    ) -> Result<Message, TelegramError> {
        let OutgoingContact { phone_number, first_name, last_name, vcard } = contact.clone();
        let media = types::InputMediaContact { phone_number, first_name, last_name, vcard };
        self.send_input_media(chat, media.into(), &FormattedText::default(), options, random_id).await
    }

    /// Sends a place under this `random_id`, which Telegram accepts once.
    ///
    /// # Errors
    /// As [`Connection::send_message`].
    pub async fn send_location(
        &self,
        chat: ChatId,
        place: &OutgoingLocation,
        options: &SendOptions,
        random_id: i64,
    ) -> Result<Message, TelegramError> {
        let (lat, long, accuracy_radius) = (place.latitude, place.longitude, place.accuracy);
        let geo_point = types::InputGeoPoint { lat, long, accuracy_radius }.into();
        let media = match place.kind.clone() {
            LocationKind::Point => types::InputMediaGeoPoint { geo_point }.into(),
            LocationKind::Live { period, heading, proximity_radius } => types::InputMediaGeoLive {
                stopped: false,
                geo_point,
                heading,
                period: Some(period),
                proximity_notification_radius: proximity_radius,
            }
            .into(),
            LocationKind::Venue(SharedVenue { title, address, provider, id }) => types::InputMediaVenue {
                geo_point,
                title,
                address,
                provider: provider.unwrap_or_default(),
                venue_id: id.unwrap_or_default(),
                venue_type: String::new(),
            }
            .into(),
        };
        self.send_input_media(chat, media, &FormattedText::default(), options, random_id).await
    }
}
