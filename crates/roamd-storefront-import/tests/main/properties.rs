//! Damaged files: no damage causes a panic or a silent loss.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_oneof, proptest};
use proptest::sample::Index;
use proptest::test_runner::TestCaseError;
use roamd_storefront_import::Import;

use crate::support::{
    AUTHENTICATION, FARMS_JSON, FARMS_TEXT, SECRET, SITE, STORE, findings, losses, run, run_output,
    size, web_config,
};

/// Damage of a file.
#[derive(Debug, Clone)]
enum Damage {
    Replace(Index, u8),
    Insert(Index, u8),
    Cut(Index),
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    // Characters with a meaning in the formats are more likely than others.
    let byte = prop_oneof![
        prop::sample::select(b"<>/=\"'&;:,{}[]. \n-!?\0".to_vec()),
        any::<u8>(),
    ];
    let one = (any::<Index>(), byte, 0..8_u8).prop_map(|(at, byte, kind)| match kind {
        0 => Damage::Cut(at),
        1..4 => Damage::Insert(at, byte),
        _ => Damage::Replace(at, byte),
    });
    vec(one, 1..6)
}

fn damaged(text: &str, damages: &[Damage]) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        match damage {
            Damage::Replace(at, byte) => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Damage::Insert(at, byte) => bytes.insert(at.index(bytes.len()), *byte),
            Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
        }
    }
    bytes
}

/// Fails if an import is smaller than the whole one without a further error or warning.
fn check(whole: &Import, import: &Import) -> Result<(), TestCaseError> {
    let mut sizes = size(import).into_iter().zip(size(whole));
    let is_short = sizes.any(|(now, all)| now < all);
    let known = losses(whole);
    let is_reported = losses(import).iter().any(|loss| !known.contains(loss));
    prop_assert!(!is_short || is_reported, "{:#?}", findings(import));
    Ok(())
}

/// The files of a deployment, of which one is damaged.
fn deployment(damaged_file: usize, damages: &[Damage]) -> Import {
    let files = [
        ("Store", STORE),
        ("StoreAuth", AUTHENTICATION),
        ("StoreWeb", SITE),
    ];
    let files =
        files
            .iter()
            .enumerate()
            .map(|(index, (folder, text))| match index == damaged_file {
                true => web_config(folder, damaged(text, damages)),
                false => web_config(folder, text),
            });
    run(files.collect()).unwrap()
}

proptest! {
    /// SI-3, SI-30: damaged XML.
    #[test]
    fn damaged_web_config_loses_nothing_silently(file in 0..3_usize, damages in damages()) {
        let import = deployment(file, &damages);
        check(&deployment(3, &[]), &import)?;
    }

    /// SI-2, SI-3: damaged output of cmdlets.
    #[test]
    fn damaged_output_loses_nothing_silently(is_json: bool, damages in damages()) {
        let text = if is_json { FARMS_JSON } else { FARMS_TEXT };
        let import = run_output("farms", damaged(text, &damages));
        check(&run_output("farms", text), &import)?;
    }

    /// SI-7: a finding shows no secret if one byte of the file is damaged.
    #[test]
    fn damaged_web_config_shows_no_secret(at: Index, byte: u8) {
        let import = deployment(0, &[Damage::Replace(at, byte)]);
        prop_assert!(!findings(&import).concat().contains(SECRET));
        let shown = format!("{import:?}");
        prop_assert!(!shown.contains(SECRET));
    }

    /// Any bytes, and any begin of a format.
    #[test]
    fn arbitrary_bytes_do_not_panic(
        begin in prop::sample::select(vec!["", "<a>", "{", "[", "PK\u{3}\u{4}", "A : {"]),
        bytes in vec(any::<u8>(), 0..200),
    ) {
        let content = [begin.as_bytes(), &bytes].concat();
        drop(run(vec![web_config("Store", content)]));
    }
}
