//! Resource enumeration of a user on a farm (nfuse.md §6.1, §6.2).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use roamd_nfuse_proto::{self as nfuse, AppDataRequest, AppDataResponse, LaunchSettings};
use roamd_sessions::{
    Application, ApplicationSettings, ContentLocation, DeadlineShare, Encryption, FarmError, Kind,
    ResourceEnumeration, Sound, WindowSize,
};
use roamd_store_proto::{ColourDepth, Image, StartMenu};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use super::context::OperationContext;
use super::filters::{self, CONTENT};

/// Folder of the pre-launch resources (nfuse.md §6.1).
const PRE_LAUNCH: &str = "$PRELAUNCH$";

/// Gets the resources that the user may start, from the cache or from the farm.
pub(super) async fn cached(
    context: &OperationContext,
    share: DeadlineShare,
) -> Result<Arc<ResourceEnumeration>, FarmError> {
    let enumerations = &context.farm.enumerations;
    let user = context.farm.password_checks.digest_of(&context.user);
    if let Some(enumeration) = enumerations.get(&user).await {
        return Ok(enumeration);
    }
    let fetch = async {
        // Other operations with later deadlines may share the result.
        let deadline = Instant::now() + context.farm.config.timeout;
        let fetched = enumeration(context, deadline, "").await;
        context.has_enumerated.store(true, Ordering::Relaxed);
        fetched
    };
    // On the heap, because it is large and seldom needed, and a list has one for each farm.
    let fetch = Box::pin(enumerations.try_get_with_by_ref(&user, fetch));
    context.shared(share, fetch).await
}

/// Gets the user's pre-launch resources from the farm.
pub(super) async fn pre_launch(
    context: &OperationContext,
) -> Result<Arc<ResourceEnumeration>, FarmError> {
    enumeration(context, context.deadline, PRE_LAUNCH).await
}

/// Requests the user's resources in this folder and below.
fn app_data(context: &OperationContext, folder: &str) -> AppDataRequest {
    AppDataRequest {
        traverse: Some("subtree".to_owned()),
        folder: folder.to_owned(),
        desired_details: ["defaults", "file-type", "icon-info"]
            .map(str::to_owned)
            .to_vec(),
        server_types: filters::every_server(),
        client_types: filters::ica_and_content(),
        credentials: Some(context.credentials()),
        ..AppDataRequest::default()
    }
}

/// Gets the resources in this folder and below. Their memory is charged until the last user of the
/// enumeration drops it.
async fn enumeration(
    context: &OperationContext,
    deadline: Instant,
    folder: &str,
) -> Result<Arc<ResourceEnumeration>, FarmError> {
    let max = context.farm.config.max_applications;
    let convert = move |response: AppDataResponse| {
        let count = response.applications.len();
        let applications = response.applications.into_iter().map(application);
        (count, ResourceEnumeration::truncated(applications, max))
    };
    let request = app_data(context, folder);
    let answer = context.query_list(deadline, &request, convert).await?;
    let (count, enumeration) = answer.value;
    if enumeration.is_truncated() {
        let farm = &context.farm.description.id;
        warn!(%farm, count, max, "Farm lists too many applications; ignoring the rest");
    }
    let memory = context.farm.enumeration_memory.acquire(enumeration.bytes());
    let memory = timeout_at(deadline, memory).await.map_err(|_| {
        FarmError::Unavailable("enumerations of the farm take too much memory".to_owned())
    })?;
    // The response is charged until here.
    drop(answer.charge);
    Ok(Arc::new(enumeration.holding(memory)))
}

/// Internal name and properties of a resource.
fn application(application: nfuse::Application) -> (String, Application) {
    let title = if application.friendly_name.is_empty() {
        application.in_name.clone()
    } else {
        application.friendly_name
    };
    let settings = application.settings.unwrap_or_default();
    let start_menu = settings.start_menu.map(|start_menu| StartMenu {
        root: start_menu.root,
        path: start_menu.folder,
    });
    let client_type = application.client_type.unwrap_or_default();
    let address = settings.content_address;
    let kind = if address.is_some() || client_type.eq_ignore_ascii_case(CONTENT) {
        Kind::Document {
            location: address.and_then(|address| ContentLocation::parse(&address)),
        }
    } else if settings.desktop {
        Kind::Desktop
    } else {
        Kind::Application
    };
    let file_types = application.file_types.into_iter();
    let entry = Application {
        title,
        kind,
        disabled: settings.disabled,
        folder: settings.folder.trim_matches('\\').to_owned(),
        description: settings.description,
        on_desktop: settings.on_desktop,
        start_menu,
        file_types: file_types.flat_map(|it| it.extensions).collect(),
        images: application.icon_forms.iter().filter_map(image).collect(),
        version: application.seq_no,
        settings: application_settings(&settings.launch),
    };
    (application.in_name, entry)
}

/// Converts an icon format. Returns `None` if it is not PNG, since only PNG icons are requested.
fn image(form: &nfuse::IconForm) -> Option<Image> {
    let is_png = form.format.eq_ignore_ascii_case("png");
    is_png.then_some(Image {
        size: form.size.parse().ok()?,
        depth: form.bpp.parse().ok()?,
    })
}

/// Converts the settings of an application (nfuse.md §6.2). Ignores unknown values.
fn application_settings(settings: &LaunchSettings) -> ApplicationSettings {
    let is = |text: &str, word: &str| text.eq_ignore_ascii_case(word);
    let window = settings.window.as_deref().unwrap_or_default();
    ApplicationSettings {
        colour_depth: settings.colour.and_then(|colour| match colour {
            1 => Some(ColourDepth::Sixteen),
            2 => Some(ColourDepth::TwoHundredFiftySix),
            4 => Some(ColourDepth::High),
            8 => Some(ColourDepth::TrueColor),
            _ => None,
        }),
        size: match (settings.width, settings.height, settings.scale) {
            (Some(x @ 1..), Some(y @ 1..), _) if is(window, "pixels") => {
                Some(WindowSize::Pixels(x, y))
            }
            (_, _, Some(percent @ 1..=100)) if is(window, "percent") => {
                u8::try_from(percent).ok().map(WindowSize::Percent)
            }
            _ => None,
        },
        sound: settings.sound.as_ref().and_then(|level| {
            let value = level.value.as_str();
            let levels = [("none", Sound::None), ("basic", Sound::Basic)];
            let known = levels.into_iter().find(|(word, _)| is(value, word));
            known.map(|(_, sound)| sound)
        }),
        encryption: settings
            .encryption
            .as_ref()
            .and_then(|level| Encryption::named(&level.value)),
    }
}

#[cfg(test)]
mod tests {
    use roamd_nfuse_proto::Level;

    use super::*;

    #[test]
    fn unknown_application_settings_are_ignored() {
        let level = |value: &str| {
            Some(Level {
                minimum: true,
                value: value.to_owned(),
            })
        };
        let of = |window: &str, width, height, scale| LaunchSettings {
            width,
            height,
            scale,
            window: Some(window.to_owned()),
            ..LaunchSettings::default()
        };
        let colour = |colour| LaunchSettings {
            colour: Some(colour),
            ..LaunchSettings::default()
        };
        let sound = |value| LaunchSettings {
            sound: level(value),
            ..LaunchSettings::default()
        };
        let encryption = |value| LaunchSettings {
            encryption: level(value),
            ..LaunchSettings::default()
        };
        let none = ApplicationSettings::default;
        let size = |size| ApplicationSettings {
            size: Some(size),
            ..none()
        };
        let depth = |depth| ApplicationSettings {
            colour_depth: Some(depth),
            ..none()
        };
        let sound_level = |sound| ApplicationSettings {
            sound: Some(sound),
            ..none()
        };
        for (settings, expected) in [
            (LaunchSettings::default(), none()),
            (
                of("pixels", Some(1024), Some(768), Some(1)),
                size(WindowSize::Pixels(1024, 768)),
            ),
            (of("Pixels", Some(1024), Some(0), None), none()),
            (of("pixels", Some(1024), None, Some(50)), none()),
            (
                of("percent", Some(1), Some(1), Some(50)),
                size(WindowSize::Percent(50)),
            ),
            (of("percent", None, None, Some(101)), none()),
            (of("seamless", Some(1024), Some(768), Some(50)), none()),
            (colour(1), depth(ColourDepth::Sixteen)),
            (colour(2), depth(ColourDepth::TwoHundredFiftySix)),
            (colour(4), depth(ColourDepth::High)),
            (colour(8), depth(ColourDepth::TrueColor)),
            (colour(3), none()),
            (sound("None"), sound_level(Sound::None)),
            (sound("basic"), sound_level(Sound::Basic)),
            (sound("surround"), none()),
            (
                encryption("rc5-128"),
                ApplicationSettings {
                    encryption: Some(Encryption::Rc5Bits128),
                    ..none()
                },
            ),
            (encryption("rot13"), none()),
        ] {
            assert_eq!(application_settings(&settings), expected, "{settings:?}");
        }
    }
}
