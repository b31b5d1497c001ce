//! Markdown. Whatever is not closed, or stands where nothing can be opened, is plain text: no Markdown is wrong.

use super::builder::Builder;
use super::{EntityType, FormattedText, TextEntity};

/// The least length of a fence around a block of code.
pub(super) const FENCE_LENGTH: usize = 3;

/// What the text is taken apart into, before it is known which markers have a partner.
enum Piece {
    Text(char),
    /// Code in a line, or a block of it; what is inside is text.
    Code(String, TextEntity),
    /// A marker that may open something. It is text unless it was closed.
    Opener {
        text: String,
        entity: Option<TextEntity>,
    },
    /// The end of what the piece with this number opened.
    Closer(usize),
}

/// A marker that is open.
struct Open {
    piece: usize,
    mark: char,
    width: usize,
}

struct Parser {
    source: Vec<char>,
    at: usize,
    pieces: Vec<Piece>,
    open: Vec<Open>,
    /// The piece that opened the quotation which this line belongs to.
    quote: Option<usize>,
}

/// Reads Markdown.
pub(super) fn parse(source: &str) -> FormattedText {
    let source = source.chars().collect();
    let mut parser = Parser { source, at: 0, pieces: Vec::new(), open: Vec::new(), quote: None };
    parser.begin_line();
    while let Some(character) = parser.peek(0) {
        parser.take(character);
    }
    parser.end_quote();
    put_together(parser.pieces)
}

fn put_together(pieces: Vec<Piece>) -> FormattedText {
    let mut builder = Builder::default();
    let mut opened: Vec<Option<(TextEntity, i32)>> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let mut place = None;
        match piece {
            Piece::Text(character) => builder.push(character),
            Piece::Code(text, entity) => {
                let offset = builder.units();
                builder.push_text(&text);
                builder.close(entity, offset);
            }
            Piece::Opener { entity: Some(entity), .. } => place = Some((entity, builder.units())),
            Piece::Opener { text, entity: None } => builder.push_text(&text),
            Piece::Closer(opener) => {
                if let Some((entity, offset)) = opened.get_mut(opener).and_then(Option::take) {
                    builder.close(entity, offset);
                }
            }
        }
        opened.push(place);
    }
    builder.finish()
}

impl Parser {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.source.get(self.at + ahead).copied()
    }

    fn before(&self) -> Option<char> {
        self.at.checked_sub(1).and_then(|before| self.source.get(before)).copied()
    }

    fn text(&mut self, character: char) {
        self.pieces.push(Piece::Text(character));
    }

    /// Takes what begins with this character, which is the next one.
    fn take(&mut self, character: char) {
        match character {
            '\\' => self.escape(),
            '`' => self.code(),
            '*' | '_' | '~' | '|' => self.marks(character),
            '[' => {
                self.opener('[', 1);
                self.at += 1;
            }
            ']' => self.link(),
            '\n' => {
                if self.quote.is_some() && self.peek(1) != Some('>') {
                    self.end_quote();
                }
                self.text('\n');
                self.at += 1;
                self.begin_line();
            }
            other => {
                self.text(other);
                self.at += 1;
            }
        }
    }

    fn escape(&mut self) {
        let escaped = self.peek(1).filter(char::is_ascii_punctuation);
        self.text(escaped.unwrap_or('\\'));
        self.at += if escaped.is_some() { 2 } else { 1 };
    }

    /// A line that begins with `>` is quoted. Other formatting does not reach across a quotation's ends.
    fn begin_line(&mut self) {
        if self.peek(0) != Some('>') {
            return;
        }
        self.at += if self.peek(1) == Some(' ') { 2 } else { 1 };
        if self.quote.is_none() {
            self.open.clear();
            self.quote = Some(self.pieces.len());
            self.pieces.push(Piece::Opener { text: String::new(), entity: Some(TextEntity::new(EntityType::Blockquote, 0, 0)) });
        }
    }

    fn end_quote(&mut self) {
        if let Some(opener) = self.quote.take() {
            self.open.clear();
            self.pieces.push(Piece::Closer(opener));
        }
    }

    fn opener(&mut self, mark: char, width: usize) {
        self.open.push(Open { piece: self.pieces.len(), mark, width });
        self.pieces.push(Piece::Opener { text: mark.to_string().repeat(width), entity: None });
    }

    /// Closes the innermost marker of this kind, and gives up those within it.
    fn close(&mut self, mark: char, entity: TextEntity) {
        let Some(place) = self.open.iter().rposition(|open| open.mark == mark) else { return };
        let Some(opener) = self.open.drain(place..).next() else { return };
        if let Some(Piece::Opener { entity: meaning, .. }) = self.pieces.get_mut(opener.piece) {
            *meaning = Some(entity);
        }
        self.pieces.push(Piece::Closer(opener.piece));
    }

    fn run_length(&self, mark: char) -> usize {
        self.source.iter().skip(self.at).take_while(|character| **character == mark).count()
    }

    /// A run of the same mark: it closes what it can, and what is left of it opens something.
    fn marks(&mut self, mark: char) {
        let length = self.run_length(mark);
        let (before, after) = (self.before(), self.peek(length));
        let is_within_word = |beside: Option<char>| mark == '_' && beside.is_some_and(char::is_alphanumeric);
        let is_text = |beside: Option<char>| beside.is_some_and(|beside| !beside.is_whitespace());
        let can_open = is_text(after) && !is_within_word(before);
        let can_close = is_text(before) && !is_within_word(after);
        self.at += length;
        let mut left = length;
        while left > 0 {
            let innermost = self.open.iter().rev().find(|open| open.mark == mark).map(|open| open.width);
            let closes = innermost.filter(|width| can_close && *width <= left && !(*width == 1 && left == 2 && can_open));
            let width = if left >= 2 { 2 } else { 1 };
            if let (Some(width), Some(kind)) = (closes, closes.and_then(|width| kind_of(mark, width))) {
                self.close(mark, TextEntity::new(kind, 0, 0));
                left -= width;
            } else {
                if can_open && kind_of(mark, width).is_some() {
                    self.opener(mark, width);
                } else {
                    (0..width).for_each(|_| self.text(mark));
                }
                left -= width;
            }
        }
    }

    /// Code goes to the next run of backticks that is as long: within the line, or for a fence anywhere.
    fn code(&mut self) {
        let length = self.run_length('`');
        let start = self.at + length;
        let is_block = length >= FENCE_LENGTH && self.quote.is_none();
        let Some(end) = self.closing_run(start, length, is_block) else {
            (0..length).for_each(|_| self.text('`'));
            self.at = start;
            return;
        };
        let inside: String = self.source.get(start..end).unwrap_or_default().iter().collect();
        self.at = end + length;
        self.pieces.push(if is_block { block(&inside) } else { Piece::Code(inside, TextEntity::new(EntityType::Code, 0, 0)) });
    }

    fn closing_run(&self, start: usize, length: usize, is_block: bool) -> Option<usize> {
        let mut run = 0;
        for (place, character) in self.source.iter().enumerate().skip(start) {
            match character {
                '`' => run += 1,
                '\n' if !is_block && run != length => return None,
                _ if run == length => return Some(place - length),
                _ => run = 0,
            }
        }
        (run == length).then(|| self.source.len() - length)
    }

    /// The end of a link's text, if there is a beginning and an address follows.
    fn link(&mut self) {
        let address = self.open.iter().any(|open| open.mark == '[').then(|| self.address()).flatten();
        match address {
            Some((address, length)) => {
                self.close('[', TextEntity::link(&address));
                self.at += 1 + length;
            }
            None => {
                self.text(']');
                self.at += 1;
            }
        }
    }

    /// The address in parentheses after `]`, and how long it is with them. Pairs of parentheses may be part of it.
    fn address(&self) -> Option<(String, usize)> {
        if self.peek(1) != Some('(') {
            return None;
        }
        let (mut address, mut depth, mut length) = (String::new(), 0u32, 1);
        loop {
            let character = self.peek(1 + length).filter(|character| !character.is_whitespace())?;
            length += 1;
            match character {
                ')' if depth == 0 => return Some((address, length)).filter(|(address, _)| !address.is_empty()),
                ')' => depth -= 1,
                '(' => depth += 1,
                _ => {}
            }
            address.push(character);
        }
    }
}

fn kind_of(mark: char, width: usize) -> Option<EntityType> {
    Some(match (mark, width) {
        ('*', 2) => EntityType::Bold,
        ('*' | '_', 1) => EntityType::Italic,
        ('_', 2) => EntityType::Underline,
        ('~', 2) => EntityType::Strikethrough,
        ('|', 2) => EntityType::Spoiler,
        _ => return None,
    })
}

/// A block of code: its first line may name the language, and the fence may stand on a line of its own.
fn block(inside: &str) -> Piece {
    let named = inside.split_once('\n').filter(|(name, _)| name.chars().all(is_of_language));
    let (language, code) = named.unwrap_or(("", inside));
    let code = code.strip_suffix('\n').unwrap_or(code);
    let language = Some(language.to_owned()).filter(|language| !language.is_empty());
    Piece::Code(code.to_owned(), TextEntity { language, ..TextEntity::new(EntityType::Pre, 0, 0) })
}

/// Whether a character may be part of a programming language's name.
pub(super) fn is_of_language(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '+' | '#' | '-' | '.' | '_')
}
