use proptest::prelude::*;

use super::*;

fn pieces(formatted: &FormattedText) -> Vec<(EntityType, i32, i32)> {
    formatted.entities.iter().map(|entity| (entity.kind, entity.offset, entity.length)).collect()
}

fn markdown(source: &str) -> (String, Vec<(EntityType, i32, i32)>) {
    let read = FormattedText::parse(source, Format::Markdown).unwrap();
    (read.text.clone(), pieces(&read))
}

fn html(source: &str) -> (String, Vec<(EntityType, i32, i32)>) {
    let read = FormattedText::parse(source, Format::Html).unwrap();
    (read.text.clone(), pieces(&read))
}

#[test]
fn markdown_is_read() {
    use EntityType::{Blockquote, Bold, Code, Italic, Pre, Spoiler, Strikethrough, TextLink, Underline};
    let cases = [
        ("plain", "plain", vec![]),
        ("**a**", "a", vec![(Bold, 0, 1)]),
        ("*a* _b_", "a b", vec![(Italic, 0, 1), (Italic, 2, 1)]),
        ("__a__ ~~b~~ ||c||", "a b c", vec![(Underline, 0, 1), (Strikethrough, 2, 1), (Spoiler, 4, 1)]),
        ("***a***", "a", vec![(Bold, 0, 1), (Italic, 0, 1)]),
        ("*a **b** c*", "a b c", vec![(Italic, 0, 5), (Bold, 2, 1)]),
        ("😀 **😀**", "😀 😀", vec![(Bold, 3, 2)]),
        ("`a*b*`", "a*b*", vec![(Code, 0, 4)]),
        ("``a`b``", "a`b", vec![(Code, 0, 3)]),
        ("```rust\nfn main() {}\n```", "fn main() {}", vec![(Pre, 0, 12)]),
        ("[a](https://e.org/x_(y))", "a", vec![(TextLink, 0, 1)]),
        ("> a\n> b\nc", "a\nb\nc", vec![(Blockquote, 0, 3)]),
        ("snake_case_name 2 * 3 * 4", "snake_case_name 2 * 3 * 4", vec![]),
        ("**open [a] (b) ~x~ `y", "**open [a] (b) ~x~ `y", vec![]),
        ("\\*a\\* \\q", "*a* \\q", vec![]),
        ("****", "****", vec![]),
    ];
    for (source, text, expected) in cases {
        assert_eq!(markdown(source), (text.to_owned(), expected), "{source}");
    }
    let mention = FormattedText::parse("[Ada](tg://user?id=7)", Format::Markdown).unwrap();
    assert_eq!((mention.entities[0].kind, mention.entities[0].user_id), (EntityType::TextMention, Some(7)));
}

#[test]
fn html_is_read_or_refused() {
    use EntityType::{Blockquote, Bold, Code, CustomEmoji, Italic, Pre, Spoiler, TextLink};
    let cases = [
        ("a &lt;b&gt; &amp;amp; &#128512; &x &", "a <b> &amp; 😀 &x &", vec![]),
        ("<b>a <I>b</I></b>", "a b", vec![(Bold, 0, 3), (Italic, 2, 1)]),
        ("<pre><code class=\"language-c\">x;</code></pre>", "x;", vec![(Pre, 0, 2)]),
        ("<code>1 &lt; 2</code>", "1 < 2", vec![(Code, 0, 5)]),
        ("<a href='https://e.org/?a=1&amp;b=2'>e</a>", "e", vec![(TextLink, 0, 1)]),
        ("<span class=\"tg-spoiler\">a</span><blockquote>b</blockquote>", "ab", vec![(Spoiler, 0, 1), (Blockquote, 1, 1)]),
        ("<tg-emoji emoji-id=\"9\">👍</tg-emoji><br/>x", "👍\nx", vec![(CustomEmoji, 0, 2)]),
    ];
    for (source, text, expected) in cases {
        assert_eq!(html(source), (text.to_owned(), expected), "{source}");
    }
    for wrong in ["<b>a", "a</b>", "<b><i>a</b></i>", "<script>a</script>", "<a>b</a>", "1 < 2", "<span>a</span>"] {
        assert!(FormattedText::parse(wrong, Format::Html).is_err(), "{wrong}");
    }
}

#[test]
fn what_was_read_is_written_again() {
    for source in
        ["**a *b* c**", "> **a**\n> b\nc", "```rust\nfn\n```", "[a](https://e.org/)", "~~a~~ ||b|| `c`", "\\*a\\_", "\\> a"]
    {
        let read = FormattedText::parse(source, Format::Markdown).unwrap();
        assert_eq!(read.to_markdown(), source);
    }
}

fn any_entity() -> impl Strategy<Value = TextEntity> {
    use EntityType::{Blockquote, Bold, Code, Italic, Pre, Spoiler, Strikethrough, TextLink, Underline};
    let kinds = vec![Blockquote, Bold, Code, Italic, Pre, Spoiler, Strikethrough, TextLink, Underline];
    (proptest::sample::select(kinds), 0i32..24, 0i32..24).prop_map(|(kind, offset, length)| {
        let url = (kind == TextLink).then(|| "https://e.org".to_owned());
        TextEntity { url, ..TextEntity::new(kind, offset, length) }
    })
}

/// Whether every piece lies in the text and cuts no character in two.
fn lies_within(formatted: &FormattedText) -> bool {
    let units: Vec<u16> = formatted.text.encode_utf16().collect();
    formatted.entities.iter().all(|entity| {
        let (start, end) = (usize::try_from(entity.offset).unwrap(), usize::try_from(entity.end()).unwrap());
        entity.length > 0 && units.get(start..end).is_some_and(|piece| String::from_utf16(piece).is_ok())
    })
}

proptest! {
    #[test]
    fn any_markdown_is_read_within_its_text(source in "[ab \\n*_~|`>()😀é\\[\\]\\\\]{0,60}") {
        let read = FormattedText::parse(&source, Format::Markdown).unwrap();
        prop_assert!(lies_within(&read), "{read:?}");
    }

    #[test]
    fn any_html_is_read_within_its_text_or_refused(source in "(<b>|</b>|<i>|</i>|<a href=\"x\">|</a>|<pre>|</pre>|<|>|&|;|&lt;|=|\"|'| |a|😀|\\n){0,24}") {
        if let Ok(read) = FormattedText::parse(&source, Format::Html) {
            prop_assert!(lies_within(&read), "{read:?}");
        }
    }

    #[test]
    fn no_attributes_are_read_for_ever(attributes in "[a= \"'\\n]{0,40}") {
        let _any = FormattedText::parse(&format!("<a {attributes}>x</a>"), Format::Html);
    }

    #[test]
    fn any_text_survives_its_markdown(text in "[ab \\n*_~|`>()😀\\[\\]\\\\]{0,24}", entities in proptest::collection::vec(any_entity(), 0..5)) {
        let written = FormattedText { text: text.clone(), entities }.to_markdown();
        prop_assert_eq!(FormattedText::parse(&written, Format::Markdown).unwrap().text, text, "{}", written);
    }

    #[test]
    fn words_keep_their_formatting_through_markdown(
        words in proptest::collection::vec(("[a-z😀é]{1,5}", proptest::option::of(0usize..6)), 1..8),
    ) {
        use EntityType::{Bold, Code, Italic, Spoiler, Strikethrough, Underline};
        let mut formatted = FormattedText::default();
        for (word, kind) in words {
            let units = |text: &str| i32::try_from(text.encode_utf16().count()).unwrap();
            if let Some(kind) = kind.map(|kind| [Bold, Italic, Underline, Strikethrough, Spoiler, Code][kind]) {
                formatted.entities.push(TextEntity::new(kind, units(&formatted.text), units(&word)));
            }
            formatted.text.push_str(&word);
            formatted.text.push(' ');
        }
        let read = FormattedText::parse(&formatted.to_markdown(), Format::Markdown).unwrap();
        prop_assert_eq!(read, formatted);
    }
}
