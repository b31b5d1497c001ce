//! How tools spell the fields of operations: the reference's names, and camelCase everywhere.

/// Arguments that have another name than their field: of all operations, or of one.
const RENAMED: &[(Option<&str>, &str, &str)] = &[
    (None, "q", "query"),
    (Some("delete_folder"), "id", "folderId"),
    (Some("send_album"), "file", "files"),
    (Some(super::WAITS_BY), "account", "accountId"),
    (Some(super::WAITS_BY), "chat", "chatId"),
];

/// What an operation's field is called as an argument.
pub(super) fn argument(operation: &str, field: &str) -> String {
    let renamed = RENAMED.iter().find(|(of, from, _)| *from == field && of.is_none_or(|of| of == operation));
    renamed.map_or_else(|| camel_case(field), |(_, _, to)| (*to).to_owned())
}

/// `sort_order` as `sortOrder`.
pub(super) fn camel_case(name: &str) -> String {
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let mut spelled = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        spelled.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        spelled.push_str(letters.as_str());
    }
    spelled
}

/// Fields that are no argument: what HTTP clients say of what they have and send, and what is not read.
pub(super) fn is_hidden(field: &str, header: Option<&str>) -> bool {
    matches!(header, Some("if-none-match" | "last-event-id" | "content-length" | "content-type")) || field == "account_id"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_spelled_as_the_reference_spells_them() {
        assert_eq!(argument("search_messages", "q"), "query");
        assert_eq!(argument("delete_folder", "id"), "folderId");
        assert_eq!(argument("save_folder", "id"), "id");
        assert_eq!(argument("save_folder", "included_chat_ids"), "includedChatIds");
        assert_eq!(argument("get_messages", "offsetId"), "offsetId");
    }
}
