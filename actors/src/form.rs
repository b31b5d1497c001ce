//! Forms (`multipart/form-data`, RFC 7578), read part by part as they come.

use futures::stream::{BoxStream, StreamExt, try_unfold};
use multer::{Constraints, Multipart, SizeLimit};

use crate::error::{Code, Error};
use crate::stream::{ByteSender, ByteStream, ReaderGone};

/// The longest part that is text, in bytes.
const TEXT_BYTES_MAX: u64 = 256 * 1_024;

/// A form on its way.
pub(crate) struct Form(Multipart<'static>);

/// One part of a form: text, or a file.
pub(crate) struct Part(multer::Field<'static>);

impl Form {
    /// Reads the form in a body, which `content_type` says that it is.
    ///
    /// # Errors
    /// [`Code::UnsupportedMediaType`] for any other type.
    pub(crate) fn read(body: ByteStream, content_type: Option<&str>) -> Result<Self, Error> {
        let other = || Error::new(Code::UnsupportedMediaType, "The body must be a form: multipart/form-data, with its boundary");
        let boundary = multer::parse_boundary(content_type.unwrap_or_default()).map_err(|_| other())?;
        let pieces: BoxStream<'static, Result<bytes::Bytes, Error>> =
            try_unfold(body, async |mut body| Ok(body.next().await?.map(|piece| (piece, body)))).boxed();
        let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(u64::MAX).per_field(u64::MAX));
        Ok(Self(Multipart::with_constraints(pieces, boundary, limits)))
    }

    /// The next part; the one before must have been read.
    ///
    /// # Errors
    /// [`Code::BadRequest`] for a body that is no form, or what the body failed with.
    pub(crate) async fn next(&mut self) -> Result<Option<Part>, Error> {
        Ok(self.0.next_field().await.map_err(unreadable)?.map(Part))
    }
}

impl Part {
    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        self.0.name().unwrap_or_default()
    }

    /// The name of the file that it is, if it is one.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.0.file_name()
    }

    /// The media type that it says it has, without parameters.
    pub(crate) fn content_type(&self) -> Option<String> {
        self.0.content_type().map(|kind| kind.essence_str().to_ascii_lowercase())
    }

    /// All of it, as text.
    ///
    /// # Errors
    /// [`Code::PayloadTooLarge`] when there is too much, [`Code::BadRequest`] when it is no text, or what the body failed with.
    pub(crate) async fn text(mut self) -> Result<String, Error> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.0.chunk().await.map_err(unreadable)? {
            bytes.extend_from_slice(&piece);
            if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > TEXT_BYTES_MAX {
                let rule = format!("{}: this part may have at most {TEXT_BYTES_MAX} bytes", self.name());
                return Err(Error::new(Code::PayloadTooLarge, rule).in_field(self.name()));
            }
        }
        let name = self.name().to_owned();
        String::from_utf8(bytes).map_err(|_| Error::new(Code::BadRequest, format!("{name}: must be UTF-8")).in_field(name))
    }

    /// Hands all of it on, no faster than it is taken. A failure is told to the reader.
    pub(crate) async fn hand_on(mut self, sender: ByteSender) {
        loop {
            match self.0.chunk().await {
                Ok(Some(piece)) => {
                    if let Err(ReaderGone) = sender.send(piece).await {
                        return;
                    }
                }
                Ok(None) => return sender.end().await,
                Err(error) => return sender.fail(unreadable(error)).await,
            }
        }
    }
}

/// What is wrong with a form; a failure of the body itself is told as it is.
fn unreadable(error: multer::Error) -> Error {
    match error {
        multer::Error::StreamReadFailed(cause) => match cause.downcast::<Error>() {
            Ok(error) => *error,
            Err(_) => Error::new(Code::BadRequest, "The body did not arrive whole"),
        },
        multer::Error::IncompleteFieldData { .. } | multer::Error::IncompleteStream | multer::Error::IncompleteHeaders => {
            Error::new(Code::BadRequest, "The form is not whole: it ends in the middle of a part")
        }
        _ => Error::new(Code::BadRequest, "The body is not a form that can be read (multipart/form-data, RFC 7578)"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::stream::{byte_stream, stream_of};

    const TYPE: Option<&str> = Some("multipart/form-data; boundary=edge");

    async fn parts(body: &[u8]) -> Result<Vec<(String, Option<String>, String)>, Error> {
        let mut form = Form::read(stream_of(body.to_vec().into()), TYPE)?;
        let mut parts = Vec::new();
        while let Some(part) = form.next().await? {
            let (name, file_name) = (part.name().to_owned(), part.file_name().map(str::to_owned));
            parts.push((name, file_name, part.text().await?));
        }
        Ok(parts)
    }

    #[tokio::test]
    async fn a_form_is_read_part_by_part() {
        let body = b"--edge\r\ncontent-disposition: form-data; name=\"album\"\r\n\r\n{}\r\n--edge\r\n\
            content-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\ncontent-type: text/plain; charset=utf-8\r\n\r\nbytes\r\n--edge--\r\n";
        let read = parts(body).await.unwrap();
        assert_eq!(read[0], ("album".into(), None, "{}".into()));
        assert_eq!(read[1], ("file".into(), Some("a.txt".into()), "bytes".into()));
        assert_eq!(parts(&body[..body.len() - 20]).await.unwrap_err().code(), Code::BadRequest);
        let refused = Form::read(stream_of(bytes::Bytes::new()), Some("text/plain")).err().unwrap();
        assert_eq!(refused.code(), Code::UnsupportedMediaType);
    }

    #[tokio::test]
    async fn what_the_body_fails_with_is_told_as_it_is() {
        let (sender, body) = byte_stream();
        let mut form = Form::read(body, TYPE).unwrap();
        sender.send("--edge\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n".into()).await.unwrap();
        let part = form.next().await.unwrap().unwrap();
        sender.fail(Error::new(Code::RequestTimeout, "too slow")).await;
        assert_eq!(part.text().await.unwrap_err().code(), Code::RequestTimeout);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _any = runtime.block_on(parts(&body));
        }
    }
}
