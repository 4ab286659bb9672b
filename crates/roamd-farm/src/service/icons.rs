//! Icons of published applications and desktops: a window or a screen, in a colour that depends on
//! the name.

use roamd_nfuse_proto::{IconData, IconForm};

/// Offset of the palette chunk: behind the signature and the first chunk.
const PALETTE: usize = 33;

/// Index of the palette entry that is replaced.
const TINT: usize = 2;

/// Distinct colours, as red, green and blue.
const TINTS: [[u8; 3]; 8] = [
    [192, 64, 64],
    [200, 112, 32],
    [168, 136, 24],
    [72, 144, 64],
    [32, 144, 136],
    [64, 120, 192],
    [112, 88, 184],
    [176, 72, 144],
];

macro_rules! icon {
    ($name:literal) => {
        include_bytes!(concat!("../../assets/", $name, ".png"))
    };
}

/// Returns the icons of an application or desktop in the requested forms that exist.
pub(crate) fn of_application(
    name: &str,
    is_desktop: bool,
    requested: &[IconForm],
) -> Vec<IconData> {
    requested
        .iter()
        .filter(|form| form.format.eq_ignore_ascii_case("png"))
        .filter_map(|form| {
            Some(IconData {
                form: form.clone(),
                bytes: tinted(template(is_desktop, &form.size)?, name),
            })
        })
        .collect()
}

/// Returns the forms in which every icon exists.
pub(crate) fn forms() -> Vec<IconForm> {
    let sizes = ["16", "32", "48", "128", "256"].into_iter();
    sizes
        .map(|size| IconForm {
            size: size.to_owned(),
            bpp: "32".to_owned(),
            format: "png".to_owned(),
        })
        .collect()
}

fn template(is_desktop: bool, size: &str) -> Option<&'static [u8]> {
    Some(match (is_desktop, size) {
        (false, "16") => icon!("application-16"),
        (false, "32") => icon!("application-32"),
        (false, "48") => icon!("application-48"),
        (false, "128") => icon!("application-128"),
        (false, "256") => icon!("application-256"),
        (true, "16") => icon!("desktop-16"),
        (true, "32") => icon!("desktop-32"),
        (true, "48") => icon!("desktop-48"),
        (true, "128") => icon!("desktop-128"),
        (true, "256") => icon!("desktop-256"),
        _ => return None,
    })
}

/// Returns a copy of an icon in the colour of a name. A PNG chunk is length, type, data, and a CRC
/// of type and data.
fn tinted(template: &[u8], name: &str) -> Vec<u8> {
    let mut icon = template.to_vec();
    let number = crc32(name.as_bytes()) as usize % TINTS.len();
    let chunk = icon.get_mut(PALETTE..).and_then(|rest| {
        let (length, rest) = rest.split_first_chunk_mut::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let (body, rest) = rest.split_at_mut_checked(4 + length)?;
        Some((body, rest.first_chunk_mut::<4>()?))
    });
    if let (Some((body, check)), Some(tint)) = (chunk, TINTS.get(number)) {
        let at = 4 + 3 * TINT;
        if let Some(colour) = body.get_mut(at..at + 3) {
            colour.copy_from_slice(tint);
        }
        *check = crc32(body).to_be_bytes();
    }
    icon
}

/// Computes the CRC of PNG.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| (crc >> 1) ^ if crc & 1 == 1 { 0xEDB8_8320 } else { 0 };
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc))
    })
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    fn form(size: &str, format: &str) -> IconForm {
        IconForm {
            size: size.to_owned(),
            bpp: "32".to_owned(),
            format: format.to_owned(),
        }
    }

    /// Returns type and data of each chunk, and checks the CRCs.
    fn chunks(mut icon: &[u8]) -> Vec<(String, Vec<u8>)> {
        let mut chunks = Vec::new();
        icon = icon.strip_prefix(b"\x89PNG\r\n\x1a\n").unwrap();
        while let Some((length, rest)) = icon.split_first_chunk::<4>() {
            let (body, rest) = rest.split_at(4 + u32::from_be_bytes(*length) as usize);
            let (check, rest) = rest.split_first_chunk::<4>().unwrap();
            assert_eq!(*check, crc32(body).to_be_bytes());
            let kind = String::from_utf8(body[..4].to_vec()).unwrap();
            chunks.push((kind, body[4..].to_vec()));
            icon = rest;
        }
        chunks
    }

    #[test]
    fn crc32_matches_png_standard() {
        // The CRC of the empty IEND chunk, which ends every PNG file.
        assert_eq!(crc32(b"IEND"), 0xAE42_6082);
    }

    #[test]
    fn icon_has_requested_size_and_colour_of_its_name() {
        for is_desktop in [false, true] {
            for size in [16_u32, 32, 48, 128, 256] {
                let requested = [form(&size.to_string(), "png")];
                let [paint, word] = ["Paint", "Word"].map(|name| {
                    let icons = of_application(name, is_desktop, &requested);
                    assert_eq!(icons[0].form, requested[0]);
                    chunks(&icons[0].bytes)
                });
                assert_eq!(paint[0].1[..8], [size.to_be_bytes(); 2].concat());
                let kinds: Vec<_> = paint.iter().map(|(kind, _)| kind.as_str()).collect();
                assert_eq!(kinds, ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]);
                assert_ne!(paint[1], word[1], "another colour");
                assert_eq!(paint[2..], word[2..], "the same shape");
            }
        }
    }

    #[test]
    fn every_announced_icon_form_exists() {
        for form in forms() {
            assert_eq!(
                of_application("Paint", false, slice::from_ref(&form)).len(),
                1,
                "{form:?}"
            );
        }
    }

    #[test]
    fn unknown_icon_forms_are_left_out() {
        let requested = [form("32", "raw"), form("24", "png"), form("", "png")];
        assert_eq!(of_application("Paint", false, &requested), []);
    }
}
