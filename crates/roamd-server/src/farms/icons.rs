//! Icons of applications: requests and checks (nfuse.md §6.1).

use std::sync::Arc;

use roamd_nfuse_proto::{AppDataRequest, AppDataResponse, IconForm};
use roamd_sessions::{DeadlineShare, FarmError, IconSize};

use super::context::OperationContext;
use super::filters;
use super::icon_cache::IconKey;

/// Largest icon, in bytes: an edge of 256 pixels, uncompressed.
const MAX_BYTES: usize = 256 * 256 * 4 + 1024;

/// First bytes of every PNG file: the signature, then the length and the type of the first chunk.
const START: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

/// Largest edge of an icon, in pixels. A few compressed bytes can have a picture of gigabytes.
const MAX_EDGE: u32 = 256;

/// Gets the icon of this version of an application, from the cache or from the farm.
pub(super) async fn cached(
    context: &OperationContext,
    in_name: &str,
    version: Option<i64>,
    size: IconSize,
) -> Result<Option<Arc<[u8]>>, FarmError> {
    let fetch = async {
        let format = format(size);
        let request = AppDataRequest {
            traverse: Some("subtree".to_owned()),
            desired_icons: vec![format.clone()],
            app_names: vec![in_name.to_owned()],
            server_types: filters::every_server(),
            client_types: filters::ica_and_content(),
            credentials: Some(context.credentials()),
            ..AppDataRequest::default()
        };
        let found = find(context.query_shared(&request).await?, in_name, &format)?;
        let icon = found.filter(|bytes| {
            let is_good = is_png(bytes);
            if !is_good {
                context.farm.counts.count_refused_icon();
            }
            is_good
        });
        Ok(icon.map(Into::into))
    };
    let key = IconKey {
        in_name: in_name.to_owned(),
        version,
        size,
    };
    // On the heap, because it is large, and every request has room for the largest one.
    let icon = Box::pin(context.farm.icons.try_get_with(key, fetch));
    context.shared(DeadlineShare::Whole, icon).await
}

/// The format that is requested.
fn format(size: IconSize) -> IconForm {
    IconForm {
        size: size.pixels().to_string(),
        bpp: "32".to_owned(),
        format: "png".to_owned(),
    }
}

/// Finds the icon of the application in a response; `None` if it has no icon of this format.
///
/// # Errors
/// If the response does not contain the application: then it is unknown whether it has an icon.
fn find(
    response: AppDataResponse,
    in_name: &str,
    format: &IconForm,
) -> Result<Option<Vec<u8>>, FarmError> {
    let mut applications = response.applications.into_iter();
    let application = applications
        .find(|application| application.in_name.eq_ignore_ascii_case(in_name))
        .ok_or_else(|| {
            FarmError::Unavailable("response with icons lacks the application".to_owned())
        })?;
    let mut icons = application.icons.into_iter();
    let icon = icons.find(|icon| {
        icon.form.size == format.size && icon.form.format.eq_ignore_ascii_case(&format.format)
    });
    Ok(icon.map(|icon| icon.bytes))
}

/// Whether browsers may decode a file: it is a PNG, and neither it nor its picture is too large.
fn is_png(bytes: &[u8]) -> bool {
    let edge = |bytes: &[u8; 4]| (1..=MAX_EDGE).contains(&u32::from_be_bytes(*bytes));
    let edges = bytes.strip_prefix(START).and_then(|rest| {
        let (width, rest) = rest.split_first_chunk()?;
        Some((width, rest.first_chunk()?))
    });
    let is_small = edges.is_some_and(|(width, height)| edge(width) && edge(height));
    bytes.len() <= MAX_BYTES && is_small
}

#[cfg(test)]
mod tests {
    use roamd_nfuse_proto::{Application, IconData};

    use super::*;

    #[test]
    fn icon_of_other_format_or_application_is_ignored() {
        let size = IconSize::fitting(32);
        let of = |in_name: &str, size: &str, image_format: &str| {
            let format = IconForm {
                size: size.to_owned(),
                bpp: "32".to_owned(),
                format: image_format.to_owned(),
            };
            AppDataResponse {
                applications: vec![Application {
                    in_name: in_name.to_owned(),
                    icons: vec![IconData {
                        form: format,
                        bytes: b"icon".to_vec(),
                    }],
                    ..Application::default()
                }],
                ..AppDataResponse::default()
            }
        };
        let found = |response| {
            let icon = find(response, "Paint", &format(size));
            icon.ok().map(|icon| icon.is_some())
        };
        assert_eq!(found(of("Paint", "32", "PNG")), Some(true));
        for (icon_size, image_format) in [("16", "png"), ("32", "raw")] {
            let response = of("Paint", icon_size, image_format);
            assert_eq!(found(response), Some(false), "{icon_size} {image_format}");
        }
        assert_eq!(found(of("Word", "32", "png")), None);
        assert_eq!(found(AppDataResponse::default()), None);
    }

    #[test]
    fn icon_that_is_no_small_png_is_refused() {
        let png = |width: u32, height: u32, more: usize| {
            let edges = [width.to_be_bytes(), height.to_be_bytes()].concat();
            [START, &edges, &vec![0; more]].concat()
        };
        let room = MAX_BYTES - START.len() - 8;
        for (case, bytes, expected) in [
            ("smallest", png(1, 1, 0), true),
            ("largest", png(256, 256, room), true),
            ("too many bytes", png(32, 32, room + 1), false),
            ("ten times as many", png(32, 32, 10 * MAX_BYTES), false),
            ("too wide", png(257, 32, 0), false),
            ("too high", png(32, 257, 0), false),
            ("ten times as high", png(32, 2560, 0), false),
            ("a bomb", png(0x7fff_ffff, 0x7fff_ffff, 0), false),
            ("all bits", png(u32::MAX, u32::MAX, 0), false),
            ("no width", png(0, 32, 0), false),
            ("cut", png(32, 32, 0)[..START.len() + 7].to_vec(), false),
            ("signature only", START[..8].to_vec(), false),
            ("page", b"<svg onload='x()'/>".to_vec(), false),
            ("empty", Vec::new(), false),
        ] {
            assert_eq!(is_png(&bytes), expected, "{case}");
        }
    }
}
