//! Pictures of applications: what is asked for, what of an answer is one, and how long it is kept.
//!
//! A picture is the same for everybody who may see the application, so it is kept once a farm. Who
//! may see it is decided before, from the user's own catalogue.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use roamd_nfuse_proto::{AppDataResponse, IconForm};
use roamd_sessions::{FarmError, IconSize};

/// Bytes of all pictures that are kept for one farm: those of some hundred applications.
const BYTES: u64 = 4 << 20;

/// How long a picture is believed. It is asked for anew when the farm says that the application has
/// changed.
const LIFE: Duration = Duration::from_secs(3600);

/// Largest picture, in bytes: that of an edge of 256 pixels, not compressed.
const LARGEST: usize = 256 * 256 * 4 + 1024;

/// How every file of the format begins.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The pictures of one farm; nothing where it has none.
pub(super) type Pictures = Cache<PictureKey, Option<Arc<[u8]>>>;

/// Names a picture.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PictureKey {
    pub(super) in_name: String,
    pub(super) version: Option<i64>,
    pub(super) size: IconSize,
}

pub(super) fn cache() -> Pictures {
    Cache::builder()
        .weigher(|key: &PictureKey, picture: &Option<Arc<[u8]>>| {
            let bytes = key.in_name.len() + picture.as_ref().map_or(0, |bytes| bytes.len());
            u32::try_from(size_of::<PictureKey>() + bytes).unwrap_or(u32::MAX)
        })
        .max_capacity(BYTES)
        .time_to_live(LIFE)
        .build()
}

/// The form that a farm is asked for.
pub(super) fn wanted(size: IconSize) -> IconForm {
    IconForm {
        size: size.pixels().to_string(),
        bpp: "32".to_owned(),
        format: "png".to_owned(),
    }
}

/// The picture of the application in an answer; nothing inside when it has none of the wanted form.
/// What a picture says it is has to be what it is: browsers will read it.
///
/// # Errors
/// The answer is about other applications. That is no reason to believe that this one has no picture.
pub(super) fn found(
    answer: AppDataResponse,
    in_name: &str,
    form: &IconForm,
) -> Result<Option<Arc<[u8]>>, FarmError> {
    let mut applications = answer.applications.into_iter();
    let application = applications
        .find(|application| application.in_name.eq_ignore_ascii_case(in_name))
        .ok_or_else(|| {
            FarmError::Unavailable("farm does not tell of an application that it lists".to_owned())
        })?;
    let mut icons = application.icons.into_iter();
    let picture = icons.find(|icon| {
        icon.form.size == form.size
            && icon.form.format.eq_ignore_ascii_case(&form.format)
            && is_png(&icon.bytes)
    });
    Ok(picture.map(|icon| icon.bytes.into()))
}

fn is_png(bytes: &[u8]) -> bool {
    bytes.len() <= LARGEST && bytes.starts_with(SIGNATURE)
}

#[cfg(test)]
mod tests {
    use roamd_nfuse_proto::{Application, IconData};

    use super::*;

    #[test]
    fn only_a_picture_of_the_wanted_form_and_application_is_one() {
        let size = IconSize::fitting(32);
        let good = [SIGNATURE, b"rest"].concat();
        let of = |in_name: &str, size: &str, format: &str, bytes: &[u8]| {
            let form = IconForm {
                size: size.to_owned(),
                bpp: "32".to_owned(),
                format: format.to_owned(),
            };
            AppDataResponse {
                leasing_status: None,
                applications: vec![Application {
                    in_name: in_name.to_owned(),
                    icons: vec![IconData {
                        form,
                        bytes: bytes.to_owned(),
                    }],
                    ..Application::default()
                }],
            }
        };
        let found = |answer| {
            let picture = found(answer, "Paint", &wanted(size));
            picture.ok().map(|picture| picture.is_some())
        };
        assert_eq!(found(of("Paint", "32", "PNG", &good)), Some(true));
        let endless = [SIGNATURE, &vec![0; LARGEST]].concat();
        for (icon_size, format, bytes) in [
            ("16", "png", &*good),
            ("32", "raw", &good),
            ("32", "png", b"<svg onload='x()'/>"),
            ("32", "png", &endless),
        ] {
            let answer = of("Paint", icon_size, format, bytes);
            assert_eq!(found(answer), Some(false), "{icon_size} {format}");
        }
        assert_eq!(found(of("Word", "32", "png", &good)), None);
        assert_eq!(found(AppDataResponse::default()), None);
    }
}
