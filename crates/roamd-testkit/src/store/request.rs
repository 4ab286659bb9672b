//! Requests to a mock store.

/// A request that a mock store has received.
#[derive(Debug, Clone)]
pub struct StoreRequest {
    /// Base URL of the mock store, `http://127.0.0.1:PORT`, for the URLs of a response.
    pub base: String,
    /// Method and target, for example `POST /list`.
    pub line: String,
    /// Names and values of the headers, in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

impl StoreRequest {
    /// Reads a whole request.
    pub(super) fn read(base: &str, request: &str) -> Self {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let (line, _version) = lines.next().unwrap().rsplit_once(' ').unwrap();
        let headers = lines.filter_map(|line| line.split_once(':'));
        Self {
            base: base.to_owned(),
            line: line.to_owned(),
            headers: headers
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }

    /// Returns the target, for example `/list`.
    #[must_use]
    pub fn path(&self) -> &str {
        self.line.split_once(' ').map_or("", |(_, path)| path)
    }

    /// Returns the value of a header, or an empty text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        headers
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value)
    }
}
