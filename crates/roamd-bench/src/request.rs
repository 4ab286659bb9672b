//! A request that a client sends once, or wrk again and again.

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Method;
use hyper::header::HeaderMap;

/// A request without the address of its server.
#[derive(Clone)]
pub struct Request {
    /// Path and query.
    pub path: String,
    method: Method,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    /// A `GET`.
    ///
    /// # Errors
    /// If a header is invalid.
    pub fn get(path: &str, headers: &[(&str, &str)]) -> Result<Self> {
        Self::new(Method::GET, path, headers, Vec::new())
    }

    /// A `POST` of a body.
    ///
    /// # Errors
    /// If a header is invalid.
    pub fn post(path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Self> {
        Self::new(Method::POST, path, headers, body)
    }

    fn new(method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Self> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = name.parse().context("invalid header name")?;
            map.append::<hyper::header::HeaderName>(name, value.parse()?);
        }
        Ok(Self {
            path: path.to_owned(),
            method,
            headers: map,
            body,
        })
    }

    /// Returns a script for wrk that sends the request.
    pub(crate) fn to_lua(&self) -> Result<String> {
        let mut script = format!("wrk.method = \"{}\"\n", self.method);
        if !self.body.is_empty() {
            let body = std::str::from_utf8(&self.body)?;
            script += &format!("wrk.body = [==[{body}]==]\n");
        }
        for (name, value) in &self.headers {
            let value = value.to_str()?;
            script += &format!("wrk.headers[\"{name}\"] = [==[{value}]==]\n");
        }
        Ok(script)
    }

    /// Returns the request for hyper, without a `Host`.
    pub(crate) fn into_http(self) -> Result<hyper::Request<Full<Bytes>>> {
        let mut request = hyper::Request::new(Full::from(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.path.parse()?;
        *request.headers_mut() = self.headers;
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_of_wrk_has_method_body_and_headers() {
        let post = Request::post("/a", &[("Accept", "b")], b"c".to_vec()).unwrap();
        assert_eq!(
            post.to_lua().unwrap(),
            "wrk.method = \"POST\"\nwrk.body = [==[c]==]\nwrk.headers[\"accept\"] = [==[b]==]\n"
        );
        let get = Request::get("/a", &[]).unwrap();
        assert_eq!(get.to_lua().unwrap(), "wrk.method = \"GET\"\n");
    }
}
