//! Tool sets: which tools are listed, since each costs a model's attention.

use vasya_actors::error::Error;

use super::{OneTool, WAIT};
use crate::openapi::family;

/// What is listed unless the address says otherwise: the tools that the reference has, and [`WAIT`].
pub(super) const DEFAULT: &[&str] = &[
    "list_accounts",
    "list_chats",
    "get_contacts",
    "get_messages",
    "send_message",
    "forward_messages",
    "mark_messages_read",
    "search_messages",
    "search_all_messages",
    "global_search",
    "get_forum_topics",
    "list_folders",
    "start_loading_chats",
    "request_login_code",
    "verify_login_code",
    "submit_2fa_password",
    "delete_account",
    "get_account_avatar",
    "create_group",
    "create_channel",
    "delete_chat",
    "get_chat_photo",
    "get_user_photos",
    "save_folder",
    "delete_folder",
    "get_tabs",
    "save_tabs",
    "send_media",
    "download_media",
    WAIT,
];

/// Which tools are to be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mcp) enum Chosen {
    /// [`DEFAULT`].
    Default,
    /// Every one.
    All,
    /// Those of these families, and perhaps [`DEFAULT`] too.
    Families { names: Vec<&'static str>, and_default: bool },
}

impl Chosen {
    /// What a query says, separated by commas.
    ///
    /// # Errors
    /// Names `toolsets` for a set that there is not.
    pub(in crate::mcp) fn read(query: Option<&str>) -> Result<Self, Error> {
        let Some(query) = query else { return Ok(Self::Default) };
        let (mut names, mut and_default) = (Vec::new(), false);
        for name in query.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "all" => return Ok(Self::All),
                "default" => and_default = true,
                _ => match family::FAMILIES.iter().find(|(known, _)| *known == name) {
                    Some((known, _)) => names.push(*known),
                    None => {
                        let known: Vec<&str> = family::FAMILIES.iter().map(|(known, _)| *known).collect();
                        let known = known.join(", ");
                        let rule = format!("there is no tool set {name:?}; there are default, all, {known}");
                        return Err(Error::invalid("toolsets", rule));
                    }
                },
            }
        }
        Ok(if names.is_empty() { Self::Default } else { Self::Families { names, and_default } })
    }

    /// Whether a tool is among them.
    pub(in crate::mcp) fn has(&self, tool: &OneTool) -> bool {
        let by_default = || DEFAULT.contains(&tool.name());
        match self {
            Self::Default => by_default(),
            Self::All => true,
            Self::Families { names, and_default } => names.contains(&tool.family) || (*and_default && by_default()),
        }
    }
}
