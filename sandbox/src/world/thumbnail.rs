//! Smaller pictures of a photo, as Telegram makes them: <https://core.telegram.org/api/files#image-thumbnail-types>. Only JPEG is read.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, ImageReader, Limits};

/// The names of sizes, and how wide and high they are at most, in pixels.
const SIZES: [(&str, u32); 2] = [("m", 320), ("x", 800)];

/// A larger file is not looked into, in bytes.
pub const SOURCE_BYTES_MAX: u64 = 4 * 1_024 * 1_024;

/// A wider or higher photo is not looked into, in pixels.
const SIDE_MAX: u32 = 8_192;

const QUALITY: u8 = 85;

/// What was found in a photo.
#[derive(Debug)]
pub struct Found {
    /// How wide it is, in pixels.
    pub width: u32,
    /// How high it is, in pixels.
    pub height: u32,
    /// Its smaller pictures, smallest first.
    pub smaller: Vec<Smaller>,
}

/// A smaller picture.
#[derive(Debug)]
pub struct Smaller {
    /// The name of its size.
    pub kind: &'static str,
    /// How wide it is, in pixels.
    pub width: u32,
    /// How high it is, in pixels.
    pub height: u32,
    /// A JPEG file.
    pub bytes: Vec<u8>,
}

/// Looks into a photo; nothing, for what is no JPEG file or too large.
pub fn look_into(photo: &[u8]) -> Option<Found> {
    let mut reader = ImageReader::with_format(Cursor::new(photo), ImageFormat::Jpeg);
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(SIDE_MAX), Some(SIDE_MAX));
    reader.limits(limits);
    let picture = reader.decode().ok()?;
    let (width, height) = (picture.width(), picture.height());
    let smaller = SIZES.iter().filter(|(_, side)| width.max(height) > *side);
    let smaller = smaller.filter_map(|(kind, side)| shrink(kind, &picture, *side)).collect();
    Some(Found { width, height, smaller })
}

fn shrink(kind: &'static str, picture: &DynamicImage, side: u32) -> Option<Smaller> {
    let shrunk = picture.thumbnail(side, side).to_rgb8();
    let (width, height) = shrunk.dimensions();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&shrunk).ok()?;
    Some(Smaller { kind, width, height, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([(x % 251) as u8, (y % 241) as u8, 90]));
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&picture).unwrap();
        bytes
    }

    #[test]
    fn a_photo_gets_the_sizes_that_are_smaller() {
        let found = look_into(&jpeg(1_000, 500)).unwrap();
        assert_eq!((found.width, found.height), (1_000, 500));
        let sizes: Vec<_> = found.smaller.iter().map(|smaller| (smaller.kind, smaller.width, smaller.height)).collect();
        assert_eq!(sizes, [("m", 320, 160), ("x", 800, 400)]);
        let again = look_into(&found.smaller[0].bytes).unwrap();
        assert_eq!((again.width, again.height, again.smaller.len()), (320, 160, 0));
        assert!(look_into(b"no photo").is_none());
    }
}
