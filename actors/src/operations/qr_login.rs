//! Logging an account in by a QR code that another device of the person scans.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use qrcode::render::svg;
use qrcode::types::Color;
use qrcode::{EcLevel, QrCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::identity::AccountId;
use crate::operation::{Access, AccountReference, Declaration, Effect, Method, Operation, RateClass, UserOperation};
use crate::scope::Scope;
use crate::telegram::{QrToken, UserInfo};
use crate::user::UserCall;

/// The edge of one of the code's squares in its picture, in pixels.
const MODULE_PIXELS: usize = 8;

/// The quiet zone around the code, in squares (ISO/IEC 18004).
const QUIET_ZONE: usize = 4;

/// Where a login by QR code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QrLoginStatus {
    /// The code waits to be scanned.
    Waiting,
    /// The account has a two-factor password, which `POST /telegram/login/password` takes.
    PasswordRequired,
    /// The account is logged in.
    Authorized,
}

/// A login by QR code.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QrLogin {
    /// The login's id, which is the account's. Once it is logged in, the account's, which is another where you had it already.
    pub account_id: AccountId,
    /// Where the login is.
    pub status: QrLoginStatus,
    /// What the code says, for a client that draws it itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The code as a picture: an SVG document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub svg: Option<String>,
    /// The code as a picture: a PNG file in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub png: Option<String>,
    /// When this code is replaced at the latest (Unix seconds): read the login again until it is scanned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// Whom the account belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserInfo>,
}

impl std::fmt::Debug for QrLogin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "QrLogin({}, {:?})", self.account_id, self.status)
    }
}

impl QrLogin {
    fn at(account_id: AccountId, status: QrLoginStatus) -> Self {
        Self { account_id, status, url: None, svg: None, png: None, expires_at: None, user: None }
    }

    /// A login whose code waits to be scanned.
    ///
    /// # Errors
    /// When the code cannot be drawn.
    pub(crate) fn waiting(account_id: AccountId, token: &QrToken) -> Result<Self, Error> {
        let url = token.url();
        let code = QrCode::with_error_correction_level(&url, EcLevel::M).map_err(Error::internal)?;
        let side = svg_side(code.width());
        let svg = code.render::<svg::Color<'_>>().min_dimensions(side, side).build();
        let png = STANDARD.encode(png(&code)?);
        let expires_at = Some(token.expires_at);
        Ok(Self { url: Some(url), svg: Some(svg), png: Some(png), expires_at, ..Self::at(account_id, QrLoginStatus::Waiting) })
    }

    /// A login whose code was scanned and whose password is next.
    pub(crate) fn password_required(account_id: AccountId) -> Self {
        Self::at(account_id, QrLoginStatus::PasswordRequired)
    }

    /// A login that is complete.
    pub(crate) fn authorized(account_id: AccountId, user: UserInfo) -> Self {
        Self { user: Some(user), ..Self::at(account_id, QrLoginStatus::Authorized) }
    }
}

fn svg_side(modules: usize) -> u32 {
    u32::try_from((modules + 2 * QUIET_ZONE) * MODULE_PIXELS).unwrap_or(u32::MAX)
}

/// A picture of the code: black and white, one byte for each pixel.
fn png(code: &QrCode) -> Result<Vec<u8>, Error> {
    let modules = code.width() + 2 * QUIET_ZONE;
    let side = modules * MODULE_PIXELS;
    let is_dark = |x: usize, y: usize| {
        let within = |at: usize| at.checked_sub(QUIET_ZONE).filter(|at| *at < code.width());
        let (x, y) = (within(x / MODULE_PIXELS), within(y / MODULE_PIXELS));
        x.zip(y).is_some_and(|(x, y)| code[(x, y)] == Color::Dark)
    };
    let pixels: Vec<u8> = (0..side * side).map(|at| if is_dark(at % side, at / side) { 0 } else { 255 }).collect();
    let side = u32::try_from(side).map_err(Error::internal)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(Error::internal)?;
    writer.write_image_data(&pixels).map_err(Error::internal)?;
    writer.finish().map_err(Error::internal)?;
    Ok(file)
}

/// Shows a code that logs an account in when another device of the person scans it.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct StartQrLogin {}

impl Operation for StartQrLogin {
    const DECLARATION: Declaration = Declaration::new(
        "start_qr_login",
        "Show a QR code that logs an account in when it is scanned (Telegram: Settings, Devices, Link Desktop Device).",
        Method::Post,
        "/telegram/login/qr",
        Access::Scope(Scope::TelegramLogin),
        Effect::Write,
    )
    .rate(RateClass::Login)
    .secret_members(&["url", "svg", "png"]);
    type Output = QrLogin;
}

impl UserOperation for StartQrLogin {
    async fn run(self, call: UserCall) -> Result<QrLogin, Error> {
        call.start_qr_login().await
    }
}

/// Reads where a login by QR code is, and the code that can be scanned now.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GetQrLogin {
    account_id: AccountReference,
}

impl Operation for GetQrLogin {
    const DECLARATION: Declaration = Declaration::new(
        "get_qr_login",
        "Read where a login by QR code is, and the code that can be scanned now.",
        Method::Get,
        "/telegram/login/qr/{accountId}",
        Access::Scope(Scope::TelegramLogin),
        Effect::Read,
    );
    type Output = QrLogin;

    in_account!();
}

impl UserOperation for GetQrLogin {
    async fn run(self, call: UserCall) -> Result<QrLogin, Error> {
        call.qr_login(self.account_id).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pictures_show_the_same_code() {
        let url = "tg://login?token=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
        let code = QrCode::with_error_correction_level(url, EcLevel::M).unwrap();
        let file = png(&code).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let modules = code.width() + 2 * QUIET_ZONE;
        assert_eq!((info.width, info.height), (svg_side(code.width()), svg_side(code.width())));
        for y in 0..modules {
            for x in 0..modules {
                let middle = (y * MODULE_PIXELS + MODULE_PIXELS / 2) * info.line_size + x * MODULE_PIXELS + MODULE_PIXELS / 2;
                let inside =
                    (QUIET_ZONE..QUIET_ZONE + code.width()).contains(&x) && (QUIET_ZONE..QUIET_ZONE + code.width()).contains(&y);
                let dark = inside && code[(x - QUIET_ZONE, y - QUIET_ZONE)] == Color::Dark;
                assert_eq!(pixels[middle] == 0, dark, "{x} {y}");
            }
        }
    }
}
