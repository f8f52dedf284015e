//! A component by the SDK of Spin.

use futures::future::join_all;
use spin_sdk::http::{IntoResponse, Request, Response, send};
use spin_sdk::http_component;

#[http_component]
async fn handle(request: Request) -> anyhow::Result<impl IntoResponse> {
    Ok(match request.path() {
        "/post" => {
            let body = request.into_body();
            let size = body.len();
            let answer: Response = send(Request::post("http://goals/upload", body).build()).await?;
            text(format!("{size} {}", String::from_utf8_lossy(answer.body())))
        }
        "/three" => {
            let calls = ["a", "b", "c"].map(|name| get(format!("http://goals/{name}")));
            let answers: anyhow::Result<Vec<_>> = join_all(calls).await.into_iter().collect();
            text(answers?.join(" "))
        }
        "/denied" => text(match get("http://elsewhere.example/".to_owned()).await {
            Ok(_) => "reached".to_owned(),
            Err(_) => "denied".to_owned(),
        }),
        "/hang" => {
            let _ = get("http://goals/hang".to_owned()).await;
            std::thread::sleep(std::time::Duration::from_secs(60));
            text(String::new())
        }
        "/trap" => panic!("trap"),
        "/memory" => {
            let mut all = Vec::new();
            loop {
                all.push(vec![1_u8; 1 << 20]);
                std::hint::black_box(&all);
            }
        }
        _ => Response::new(404, ()),
    })
}

async fn get(url: String) -> anyhow::Result<String> {
    let answer: Response = send(Request::get(url).build()).await?;
    Ok(String::from_utf8_lossy(answer.body()).into_owned())
}

fn text(body: String) -> Response {
    Response::builder()
        .status(200)
        .header("content-type", "text/plain")
        .body(body)
        .build()
}
