//! A farm that answers what it is told to: for what the embedded farm never does.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Content of the `Response…` element by the name of the request without `Request`.
type Answers = Arc<Mutex<HashMap<String, String>>>;

/// One controller of a farm that answers what it is told to. It stops with its runtime.
#[derive(Debug)]
pub struct ScriptedFarm {
    address: SocketAddr,
    answers: Answers,
}

impl ScriptedFarm {
    /// A farm that refuses everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answers = Answers::default();
        let told = Arc::clone(&answers);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&told)));
            }
        });
        Self { address, answers }
    }

    /// From now on answers a request, say `Address`, with this content.
    pub fn answer(&self, request: &str, content: &str) {
        let mut answers = self.answers.lock().unwrap();
        answers.insert(request.to_owned(), content.to_owned());
    }

    /// Lines of a gateway's configuration for this farm.
    #[must_use]
    pub fn section(&self, id: &str, name: &str) -> String {
        format!(
            "[[store.farm]]\nid = \"{id}\"\nname = \"{name}\"\ngeneration = \"cvad-7\"\n\
             controllers = [\"http://{}\"]\n",
            self.address
        )
    }
}

async fn serve(mut stream: TcpStream, answers: Answers) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if text.ends_with("</NFuseProtocol>") || text.ends_with("</NFuseProtocol>\n") {
            bytes.clear();
            let request = text.split("<Request").nth(1)?;
            let name = request.split([' ', '/', '>']).next()?;
            let content = answers.lock().unwrap().get(name).cloned();
            let content = content.unwrap_or_else(|| "<ErrorId>unspecified</ErrorId>".to_owned());
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\" ?>\n<!DOCTYPE NFuseProtocol SYSTEM \
                 \"NFuse.dtd\">\n<NFuseProtocol version=\"5.4\"><Response{name}>{content}\
                 </Response{name}></NFuseProtocol>\n"
            );
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            stream.write_all((head + &body).as_bytes()).await.ok()?;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
