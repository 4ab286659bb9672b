//! `TimetoLive` of tickets and launch references.

use roamd_xml::{Fault, FaultKind, Writer};

use crate::nfuse_element::NfuseElement;

/// Reads `TimetoLive`, in seconds. The other spelling, `TimeToLive`, differs only in case.
pub(crate) fn read(request: &NfuseElement<'_>) -> Result<Option<u32>, Fault> {
    let Some(element) = request.single_child("TimetoLive")? else {
        return Ok(None);
    };
    let seconds = element.text().parse();
    let expected = "a number of seconds";
    seconds
        .map(Some)
        .map_err(|_| element.fault(FaultKind::Unexpected { expected }))
}

/// Writes `TimetoLive`, unless it is absent.
pub(crate) fn write(writer: &mut Writer, seconds: Option<u32>) {
    if let Some(seconds) = seconds {
        writer.leaf("TimetoLive", &[], &seconds.to_string());
    }
}
