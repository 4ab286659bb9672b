//! Window and sound of a launched session (store-services.md §4.2).

use clap::{Args, ValueEnum};
use roamd_store_client::{Audio, Display, LaunchParams};

/// Window and sound of a launched session. The farm may limit them.
#[derive(Debug, Args)]
pub(in crate::commands) struct WindowArgs {
    /// Window of the session: seamless, fullscreen, or a part of the screen such as 80%.
    #[arg(long, value_name = "DISPLAY", value_parser = parse_display, conflicts_with = "window")]
    display: Option<Display>,
    /// Size of the window in pixels, such as 1280x800.
    #[arg(long, value_name = "WxH", value_parser = parse_window)]
    window: Option<WindowSize>,
    /// Sound quality.
    #[arg(long, value_name = "QUALITY", value_enum)]
    audio: Option<AudioQuality>,
}

/// Width and height in pixels, both above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WindowSize(u32, u32);

/// Sound quality of a session.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum AudioQuality {
    High,
    Medium,
    Low,
    Off,
}

impl WindowArgs {
    /// Adds window and sound to the parameters of a launch.
    pub(in crate::commands) fn added_to(&self, params: LaunchParams) -> LaunchParams {
        let absolute = self.window.map(|WindowSize(width, height)| (width, height));
        LaunchParams {
            display: self
                .display
                .or(absolute.map(|size| Display::Absolute(Some(size)))),
            audio: self.audio.map(Audio::from),
            ..params
        }
    }
}

impl From<AudioQuality> for Audio {
    fn from(quality: AudioQuality) -> Self {
        match quality {
            AudioQuality::High => Self::High,
            AudioQuality::Medium => Self::Medium,
            AudioQuality::Low => Self::Low,
            AudioQuality::Off => Self::Off,
        }
    }
}

fn parse_display(text: &str) -> Result<Display, &'static str> {
    match text {
        "seamless" => Ok(Display::Seamless),
        "fullscreen" => Ok(Display::FullScreen),
        _ => text
            .strip_suffix('%')
            .and_then(|percent| percent.parse::<u8>().ok())
            .filter(|percent| (1..=100).contains(percent))
            .map(|percent| Display::Percent(Some(percent.into())))
            .ok_or("must be seamless, fullscreen, or a part of the screen from 1% to 100%"),
    }
}

fn parse_window(text: &str) -> Result<WindowSize, &'static str> {
    let extent = |text: &str| {
        text.parse()
            .ok()
            .filter(|it| (1..=u32::from(u16::MAX)).contains(it))
    };
    text.split_once(['x', 'X'])
        .and_then(|(width, height)| Some(WindowSize(extent(width)?, extent(height)?)))
        .ok_or("must be a width and a height from 1 to 65535, such as 1280x800")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_a_name_or_a_percentage() {
        for (text, expected) in [
            ("seamless", Some(Display::Seamless)),
            ("fullscreen", Some(Display::FullScreen)),
            ("80%", Some(Display::Percent(Some(80.0)))),
            ("100%", Some(Display::Percent(Some(100.0)))),
            ("0%", None),
            ("101%", None),
            ("80", None),
            ("window", None),
        ] {
            assert_eq!(parse_display(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn window_is_two_numbers_in_range() {
        for (text, expected) in [
            ("1280x800", Some(WindowSize(1280, 800))),
            ("1X1", Some(WindowSize(1, 1))),
            ("0x800", None),
            ("70000x800", None),
            ("1280", None),
            ("1280x", None),
            ("1280x800x2", None),
        ] {
            assert_eq!(parse_window(text).ok(), expected, "{text}");
        }
    }
}
