//! Icons of applications: requests and checks (nfuse.md §6.1).

use std::sync::Arc;

use roamd_nfuse_proto::{AppDataRequest, AppDataResponse, IconForm};
use roamd_sessions::{DeadlineShare, FarmError, IconSize};

use super::context::OperationContext;
use super::filters;
use super::icon_cache::IconKey;

/// Largest icon, in bytes: an edge of 256 pixels, uncompressed.
const MAX_BYTES: usize = 256 * 256 * 4 + 1024;

/// First bytes of every PNG file.
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

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
        find(context.query_shared(&request).await?, in_name, &format)
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

/// Finds the icon of the application in a response; `None` if it has no icon of this format. Checks
/// the content, since browsers will decode it.
///
/// # Errors
/// If the response does not contain the application: then it is unknown whether it has an icon.
fn find(
    response: AppDataResponse,
    in_name: &str,
    format: &IconForm,
) -> Result<Option<Arc<[u8]>>, FarmError> {
    let mut applications = response.applications.into_iter();
    let application = applications
        .find(|application| application.in_name.eq_ignore_ascii_case(in_name))
        .ok_or_else(|| {
            FarmError::Unavailable("response with icons lacks the application".to_owned())
        })?;
    let mut icons = application.icons.into_iter();
    let icon = icons.find(|icon| {
        icon.form.size == format.size
            && icon.form.format.eq_ignore_ascii_case(&format.format)
            && is_png(&icon.bytes)
    });
    Ok(icon.map(|icon| icon.bytes.into()))
}

fn is_png(bytes: &[u8]) -> bool {
    bytes.len() <= MAX_BYTES && bytes.starts_with(SIGNATURE)
}

#[cfg(test)]
mod tests {
    use roamd_nfuse_proto::{Application, IconData};

    use super::*;

    #[test]
    fn icon_of_other_format_or_application_is_ignored() {
        let size = IconSize::fitting(32);
        let good = [SIGNATURE, b"rest"].concat();
        let of = |in_name: &str, size: &str, image_format: &str, bytes: &[u8]| {
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
                        bytes: bytes.to_owned(),
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
        assert_eq!(found(of("Paint", "32", "PNG", &good)), Some(true));
        let endless = [SIGNATURE, &vec![0; MAX_BYTES]].concat();
        for (icon_size, image_format, bytes) in [
            ("16", "png", &*good),
            ("32", "raw", &good),
            ("32", "png", b"<svg onload='x()'/>"),
            ("32", "png", &endless),
        ] {
            let response = of("Paint", icon_size, image_format, bytes);
            assert_eq!(found(response), Some(false), "{icon_size} {image_format}");
        }
        assert_eq!(found(of("Word", "32", "png", &good)), None);
        assert_eq!(found(AppDataResponse::default()), None);
    }
}
