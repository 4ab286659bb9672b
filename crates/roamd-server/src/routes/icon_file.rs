//! Default icons, and icon files.

use roamd_sessions::IconSize;

macro_rules! png {
    ($name:literal) => {
        include_bytes!(concat!("../../assets/icons/", $name, ".png"))
    };
}

/// The icon of a resource for which the farm has none, in PNG.
pub(crate) fn default(desktop: bool, size: IconSize) -> &'static [u8] {
    match (desktop, size.pixels()) {
        (false, ..=16) => png!("application-16"),
        (false, ..=32) => png!("application-32"),
        (false, ..=48) => png!("application-48"),
        (false, ..=128) => png!("application-128"),
        (false, _) => png!("application-256"),
        (true, ..=16) => png!("desktop-16"),
        (true, ..=32) => png!("desktop-32"),
        (true, ..=48) => png!("desktop-48"),
        (true, ..=128) => png!("desktop-128"),
        (true, _) => png!("desktop-256"),
    }
}

/// An icon file (`.ico`) with one image in PNG.
pub(crate) fn icon_file(png: &[u8], size: IconSize) -> Vec<u8> {
    // An edge of 256 is written as 0.
    let edge = u8::try_from(size.pixels()).unwrap_or(0);
    let length = u32::try_from(png.len()).unwrap_or(u32::MAX).to_le_bytes();
    let mut file = vec![
        0, 0, // reserved
        1, 0, // an icon
        1, 0, // one image
        edge, edge, // width and height
        0, 0, // colours of a palette, reserved
        1, 0, // planes
        32, 0, // bits for each pixel
    ];
    file.extend_from_slice(&length);
    // Offset of the image: after this header.
    file.extend_from_slice(&22_u32.to_le_bytes());
    file.extend_from_slice(png);
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_icon_exists_in_every_size() {
        for size in IconSize::ALL {
            for desktop in [false, true] {
                let png = default(desktop, size);
                let edge = u32::from(size.pixels()).to_be_bytes();
                assert_eq!(png[..8], *b"\x89PNG\r\n\x1a\n");
                assert_eq!((&png[16..20], &png[20..24]), (&edge[..], &edge[..]));
            }
        }
    }

    #[test]
    fn icon_file_header_locates_image() {
        for (size, edge) in [(16, 16), (256, 0)] {
            let file = icon_file(b"image", IconSize::fitting(size));
            assert_eq!(file[..6], [0, 0, 1, 0, 1, 0]);
            assert_eq!((file[6], file[7]), (edge, edge));
            let number = |at: usize| u32::from_le_bytes(*file[at..].first_chunk().unwrap());
            let (length, start) = (number(14) as usize, number(18) as usize);
            assert_eq!(&file[start..start + length], b"image");
            assert_eq!(start + length, file.len());
        }
    }
}
