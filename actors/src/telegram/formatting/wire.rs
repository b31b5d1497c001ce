//! Entities as Telegram has them.

use grammers_tl_types::{enums, types};

use super::{EntityType, TextEntity};

/// Entities as Telegram is sent them. `input_user` tells how to address a mentioned person.
pub(in crate::telegram) fn to_wire(
    entities: &[TextEntity],
    input_user: impl Fn(i64) -> Option<enums::InputUser>,
) -> Vec<enums::MessageEntity> {
    entities.iter().filter_map(|entity| one_to_wire(entity, &input_user)).collect()
}

fn one_to_wire(entity: &TextEntity, input_user: &impl Fn(i64) -> Option<enums::InputUser>) -> Option<enums::MessageEntity> {
    let TextEntity { offset, length, .. } = *entity;
    Some(match entity.kind {
        EntityType::Blockquote => types::MessageEntityBlockquote { collapsed: false, offset, length }.into(),
        EntityType::Bold => types::MessageEntityBold { offset, length }.into(),
        EntityType::Italic => types::MessageEntityItalic { offset, length }.into(),
        EntityType::Underline => types::MessageEntityUnderline { offset, length }.into(),
        EntityType::Strikethrough => types::MessageEntityStrike { offset, length }.into(),
        EntityType::Spoiler => types::MessageEntitySpoiler { offset, length }.into(),
        EntityType::Code => types::MessageEntityCode { offset, length }.into(),
        EntityType::Pre => {
            types::MessageEntityPre { offset, length, language: entity.language.clone().unwrap_or_default() }.into()
        }
        EntityType::TextLink => types::MessageEntityTextUrl { offset, length, url: entity.url.clone()? }.into(),
        EntityType::TextMention => {
            types::InputMessageEntityMentionName { offset, length, user_id: input_user(entity.user_id?)? }.into()
        }
        EntityType::CustomEmoji => {
            let document_id = entity.custom_emoji_id.as_ref()?.parse().ok()?;
            types::MessageEntityCustomEmoji { offset, length, document_id }.into()
        }
        // Telegram finds these in the text by itself.
        EntityType::Mention
        | EntityType::Hashtag
        | EntityType::Cashtag
        | EntityType::BotCommand
        | EntityType::Url
        | EntityType::Email
        | EntityType::PhoneNumber
        | EntityType::BankCard
        | EntityType::Unknown => return None,
    })
}

/// Entities as Telegram tells them.
pub(in crate::telegram) fn from_wire(entities: &[enums::MessageEntity]) -> Vec<TextEntity> {
    entities.iter().map(one_from_wire).collect()
}

fn one_from_wire(entity: &enums::MessageEntity) -> TextEntity {
    use enums::MessageEntity as Wire;
    let plain = |kind| TextEntity::new(kind, entity.offset(), entity.length());
    match entity {
        Wire::Blockquote(_) => plain(EntityType::Blockquote),
        Wire::Bold(_) => plain(EntityType::Bold),
        Wire::Italic(_) => plain(EntityType::Italic),
        Wire::Underline(_) => plain(EntityType::Underline),
        Wire::Strike(_) => plain(EntityType::Strikethrough),
        Wire::Spoiler(_) => plain(EntityType::Spoiler),
        Wire::Code(_) => plain(EntityType::Code),
        Wire::Pre(block) => {
            let language = Some(block.language.clone()).filter(|language| !language.is_empty());
            TextEntity { language, ..plain(EntityType::Pre) }
        }
        Wire::TextUrl(link) => TextEntity { url: Some(link.url.clone()), ..plain(EntityType::TextLink) },
        Wire::MentionName(mention) => TextEntity { user_id: Some(mention.user_id), ..plain(EntityType::TextMention) },
        Wire::CustomEmoji(emoji) => {
            TextEntity { custom_emoji_id: Some(emoji.document_id.to_string()), ..plain(EntityType::CustomEmoji) }
        }
        Wire::Mention(_) => plain(EntityType::Mention),
        Wire::Hashtag(_) => plain(EntityType::Hashtag),
        Wire::Cashtag(_) => plain(EntityType::Cashtag),
        Wire::BotCommand(_) => plain(EntityType::BotCommand),
        Wire::Url(_) => plain(EntityType::Url),
        Wire::Email(_) => plain(EntityType::Email),
        Wire::Phone(_) => plain(EntityType::PhoneNumber),
        Wire::BankCard(_) => plain(EntityType::BankCard),
        _ => plain(EntityType::Unknown),
    }
}
