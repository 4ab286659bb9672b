//! What a backup contains, and its bytes.

use std::fmt;

use zeroize::Zeroizing;

use crate::encoding::{Reader, Writer};

/// What a server needs to continue on another machine. `Debug` shows sizes only.
#[derive(Clone, PartialEq, Eq)]
pub struct Contents {
    /// Where the backup comes from.
    pub origin: Origin,
    /// Text of the configuration.
    pub configuration: Vec<u8>,
    /// The key file of the data folder; `None` if the keys are elsewhere.
    pub keys: Option<Zeroizing<Vec<u8>>>,
    /// The file of revocations by operators; `None` if there is none.
    pub revocations: Option<Vec<u8>>,
    /// The state of the data folder; `None` if it is elsewhere, or there is none yet.
    pub state: Option<StateFiles>,
}

/// Where a backup comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Version of the program that wrote it.
    pub program: String,
    /// Time of writing, in seconds since 1970, UTC.
    pub created: i64,
    /// Path of the data folder.
    pub data_dir: String,
}

/// A state, which is of no use without the key of its digests.
#[derive(Clone, PartialEq, Eq)]
pub struct StateFiles {
    /// The database.
    pub database: Vec<u8>,
    /// Secret key of the digests in it.
    pub key: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contents")
            .field("origin", &self.origin)
            .field("configuration", &self.configuration.len())
            .field("keys", &self.keys.as_ref().map(|keys| keys.len()))
            .field("revocations", &self.revocations.as_ref().map(Vec::len))
            .field("state", &self.state)
            .finish()
    }
}

impl fmt::Debug for StateFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateFiles")
            .field("database", &self.database.len())
            .finish_non_exhaustive()
    }
}

impl Contents {
    /// Returns the bytes that [`from_bytes`](Self::from_bytes) reads.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let Origin {
            program,
            created,
            data_dir,
        } = &self.origin;
        let mut writer = Writer::with_capacity(self.size());
        writer.bytes(program.as_bytes());
        writer.bytes(&created.to_be_bytes());
        writer.bytes(data_dir.as_bytes());
        writer.bytes(&self.configuration);
        writer.optional(self.keys.as_ref().map(|keys| keys.as_slice()));
        writer.optional(self.revocations.as_deref());
        let state = self.state.as_ref();
        writer.optional(state.map(|state| state.database.as_slice()));
        writer.optional(state.map(|state| state.key.as_slice()));
        writer.finish()
    }

    /// Reads the bytes of [`to_bytes`](Self::to_bytes). Returns `None` if they are something else.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let origin = Origin {
            program: reader.text()?,
            created: i64::from_be_bytes(reader.bytes()?.try_into().ok()?),
            data_dir: reader.text()?,
        };
        let configuration = reader.bytes()?.to_vec();
        let keys = reader.optional()?.map(|keys| keys.to_vec().into());
        let revocations = reader.optional()?.map(<[u8]>::to_vec);
        let state = match (reader.optional()?, reader.optional()?) {
            (None, None) => None,
            (Some(database), Some(key)) => Some(StateFiles {
                database: database.to_vec(),
                key: key.to_vec().into(),
            }),
            _ => return None,
        };
        reader.is_at_end().then_some(Self {
            origin,
            configuration,
            keys,
            revocations,
            state,
        })
    }

    /// Returns at least the number of bytes of [`to_bytes`](Self::to_bytes).
    fn size(&self) -> usize {
        /// More than all lengths and marks take.
        const LENGTHS: usize = 256;
        let state = self.state.as_ref();
        LENGTHS
            + self.origin.program.len()
            + self.origin.data_dir.len()
            + self.configuration.len()
            + self.keys.as_ref().map_or(0, |keys| keys.len())
            + self.revocations.as_ref().map_or(0, Vec::len)
            + state.map_or(0, |state| state.database.len() + state.key.len())
    }
}
