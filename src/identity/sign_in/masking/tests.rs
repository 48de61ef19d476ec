#![allow(clippy::unwrap_used)]
use serde_json::{Value, json};

use super::{masked, masked_text};

const MARK: &str = "s3cr3t";

/// Texts in which `§` is the secret, by where it stands.
const HIDDEN: [(&str, &[&str]); 12] = [
    (
        "in a URL",
        &[
            "https://app.test/cb?code=§&state=1",
            "https://app.test/cb#id_token=§",
            "https://ana:§@app.test/x",
            "https://ana:§@app.test:8443",
            "postgres://app:§@db/x?sslmode=require",
            "https://ana:a/§@app.test/x",
            "https://ana:a@§@app.test/x",
            "https://§@app.test/x",
            "said: //ana:§@app.test",
            "https://app.test/cb?sid=§",
            "https://app.test/cb?RelayState=§",
            "https://cas.test/validate?ticket=§",
            "https://app.test/cb?user%5Bpassword%5D=§",
        ],
    ),
    (
        "in a URL within something",
        &[
            "https://idp.test/?next=https%3A%2F%2Fapp.test%2Fcb%3Fcode%3D§",
            "https://idp.test/?next=https%253A%252F%252Fapp.test%252Fcb%253Fcode%253D§",
            "https%253A%252F%252Fapp.test%252Fcb%253Fcode%253D§",
            "went to https%3A%2F%2Fana%3A§%40app.test%2F and stayed there",
            "a=1&client%255Fsecret=§",
            "{\"next\": \"https:\\/\\/app.test\\/cb?state=1\\u0026code=§\", \"broken",
        ],
    ),
    (
        "in a form",
        &[
            "grant_type=authorization_code&code=§&client%5Fsecret=§",
            "password=§&password_confirmation=§",
            "password=a=§",
            "password=a,§&x=1",
            "password=a;§",
            "password=O'§",
            "passcode=§",
            "mfa_code=§&pin=§&totp=§",
            "Server=db;Password=§;Database=x",
            "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n§\r\n--b--",
            "Authorization=Bearer §",
        ],
    ),
    (
        "in headers",
        &[
            "POST /cb HTTP/1.1\r\nCookie: sid=§; b=§\r\n\r\npassword=§",
            "Authorization: Bearer\r\n §\r\nHost: app.test",
            "Cookie: a=1;\r\n\tsid=§\r\nHost: app.test",
            "X-Api-Key: §",
            "Set-Cookie: JSESSIONID=§; Path=/",
            "state: 1\ncode: §",
            "password:\n§",
        ],
    ),
    (
        "in JSON that is not whole",
        &[
            "said {\"id_token\": \"§\", and broke off",
            "{\"password\":\"it's-§\", ",
            "{\"password\":\"a\\\"§\", ",
            "{\\\"password\\\":\\\"a \\\\\\\"§\\\", ",
            "{'api key': '§'",
            "\"passwords\": [\"a\", \"§\"",
            "'password' => '§'",
        ],
    ),
    (
        "in XML",
        &[
            "<samlp:Response><saml:Assertion ID=\"1\"><a>§</a></saml:Assertion></samlp:Response>",
            "<a:Assertion><a:Assertion>x</a:Assertion>§</a:Assertion>",
            "<EncryptedAssertion>§",
            "<wsse:Password Type=\"PasswordText\">§</wsse:Password>",
            "<user login=\"ana\" password=\"§\"/>",
            "<password value=\"§\"/>",
            "<saml:Attribute Name=\"pin\"><saml:AttributeValue>§</saml:AttributeValue></saml:Attribute>",
            "&lt;saml:Assertion&gt;§&lt;/saml:Assertion&gt;",
            "&amp;lt;Assertion&amp;gt;§&amp;lt;/Assertion&amp;gt;",
            "&#60;Assertion&#x3e;§&#60;/Assertion&#x3E;",
            "\\u003cAssertion\\u003e§\\u003c/Assertion\\u003e",
            "<soap>&lt;password&gt;§&lt;/password&gt;</soap>",
            "<cas:serviceTicket><![CDATA[§]]></cas:serviceTicket>",
        ],
    ),
    (
        "in a form of HTML",
        &[
            "<form><input type=\"hidden\" name=\"SAMLResponse\" value=\"§\"/></form>",
            "<input value=\"§\" name=password>",
            "<input type=password name=login value=§>",
            "<textarea name=\"id_token\">§</textarea>",
            "<meta http-equiv=refresh content=\"0;url=https://app.test/?code=§\">",
        ],
    ),
    (
        "in a sentence",
        &[
            "the proxy sent Bearer §",
            "the proxy sent Bearer  §",
            "signed in as ana, password: §",
            "the authorization code: §",
            "the authorization code §a1 was used before",
            "refresh token `§` is unknown",
            "the password is §",
            "the one-time code 482193§ has expired",
            "PIN 4821§ is wrong",
            "session id §99",
        ],
    ),
    (
        "by its form",
        &[
            "eyJhbGciOiJub25lIn0.§.x",
            "got eyJhbGciOiJub25lIn0.eyJ§",
            "/callback/eyJhbGciOiJub25lIn0.§.x/more",
            "no right for ghp_0123456789abcdef§",
            "ST-1-0123456789§-cas",
            "-----BEGIN RSA PRIVATE KEY-----\n§\n-----END RSA PRIVATE KEY-----",
        ],
    ),
    ("in a user agent", &["App/1.0 (token=§)", "App/1.0 access_token:§", "curl/8.0 Bearer §", "App/1.0 https://ana:§@app.test"]),
    ("as a pair in a text", &["name=\"password\", value=\"§\"", "name=SAMLResponse&x=1; value=§"]),
    ("in two writings", &["<a>https%3A%2F%2Fapp.test%2F%3Fcode%3D§</a>", "q=%3CAssertion%3E§%3C%2FAssertion%3E"]),
];

#[test]
fn a_secret_is_masked_wherever_it_stands_in_a_text() {
    let mut seen = Vec::new();
    for (place, texts) in HIDDEN {
        for text in texts {
            let text = text.replace('§', MARK);
            for shown in [
                masked_text(&text),
                masked(json!({"body": [text]})).to_string(),
                masked(json!({"b": json!([text]).to_string()})).to_string(),
            ] {
                if shown.contains(MARK) || !shown.contains("[masked]") {
                    seen.push(format!("{place}: {text} → {shown}"));
                }
            }
        }
    }
    assert!(seen.is_empty(), "{seen:#?}");
}

#[test]
fn a_secret_is_masked_wherever_it_stands_in_json() {
    for hidden in [
        json!({"SAMLResponse": MARK, "RelayState": MARK}),
        json!({"body": {"Access_Token": MARK, "list": [{"REFRESH-TOKEN": [MARK]}]}}),
        json!({"clientSecret": {"value": MARK}}),
        json!({"headers": {"Set-Cookie": MARK, "authorization": format!("Bearer {MARK}")}}),
        json!({"headers": [{"name": "Cookie", "value": MARK}, ["Authorization", MARK]]}),
        json!({"rawHeaders": ["Host", "app.test", "Cookie", format!("a={MARK}")]}),
        json!({"credentials": [{"type": "password", "value": MARK}]}),
        json!({"factor": {"type": "totp", "value": MARK}}),
        json!({"passcode": MARK, "totp": MARK, "mfa_code": MARK, "pin": MARK, "password_confirmation": MARK, "sid": MARK, "ticket": MARK}),
        json!({"note": format!("eyJhbGciOiJub25lIn0.{MARK}.x")}),
        json!({"body": format!("{{\"inner\": \"password={MARK}\"}}")}),
        json!({"query": {format!("https://app.test/cb?code={MARK}"): ""}}),
        json!(format!("{{\"id_token\": \"{MARK}\"}}")),
    ] {
        let shown = masked(hidden.clone()).to_string();
        assert!(!shown.contains(MARK), "{hidden} → {shown}");
        assert!(shown.contains("[masked]"), "{hidden} → {shown}");
    }
    assert_eq!(masked(json!({"pin": 4821})), json!({"pin": "[masked]"}));
    // Base64 of `<samlp2:X><Assertion>s3cr3t</Assertion></samlp2:X>`, whole and cut off.
    let encoded = "PHNhbWxwMjpYPjxBc3NlcnRpb24+czNjcjN0PC9Bc3NlcnRpb24+PC9zYW1scDI6WD4=";
    assert_eq!(masked(json!({"body": encoded})), json!({"body": "[masked]="}));
    assert_eq!(masked_text(&format!("x={}", &encoded[..50])), "x=[masked]");
}

#[test]
fn what_is_no_secret_stays() {
    for kept in [
        json!({"SAMLRequest": "fZJNT8MwDIbv", "state": "af0ifj", "nonce": "n-0S6", "token_type": "Bearer"}),
        json!("https://idp.test/authorize?response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&scope=openid"),
        json!({"error": "access_denied", "error_code": "AADSTS50105", "error_description": "The user is not assigned: ask the administrator"}),
        json!("the provider answered with the status code: 403, and no more"),
        json!([
            1, 2.5, null, true, "a = b", "12:30:00", "", "<a>", "=", "%", "%zz=", "{", "[", "&", "&;", "&#;", "\\", "\\u", "//", "://@",
            "<", "</"
        ]),
        json!({"code": null, "password_required": true, "mfa": false}),
        json!({"scopes": ["openid", "token", "profile", "email"], "amr": ["pwd"]}),
        json!("Mozilla/5.0 (X11; Linux x86_64; rv:109.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"),
        json!(
            "AADSTS70008: The provided authorization code or refresh token has expired due to inactivity. Trace ID: \
             0f8fad5b-d9cb-469f-a165-70867728950e Timestamp: 2027-01-01 12:00:00Z"
        ),
        json!("The signed in user 'ana@acme.test' is not assigned to a role for the application 'b3c1'(Billing)."),
        json!("mailto:ana@acme.test, https://idp.test:8443/x?a=b@c, urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"),
        json!({"authn": "urn:oasis:names:tc:SAML:2.0:status:Responder", "country_code": "DE", "objectSid": "S-1-5-21", "secretary": "Ana"}),
        json!(
            "<samlp:AuthnRequest ID=\"_1\" AssertionConsumerServiceURL=\"https://app.test/acs\"><saml:Issuer>app</saml:Issuer></samlp:AuthnRequest>"
        ),
        json!("the PIN has expired; password expired"),
        json!("{\"a\": [1, \"&lt;b&gt;\"], \"url\": \"https:\\/\\/app.test\"").as_str().map_or(Value::Null, |text| json!(text)),
        Value::Null,
    ] {
        assert_eq!(masked(kept.clone()), kept);
    }
}

#[test]
fn what_stands_around_a_secret_stays() {
    for (given, shown) in [
        ("https://ana:pw@app.test/x?code=1&state=2#top", "https://ana:[masked]@app.test/x?code=[masked]&state=2#top"),
        ("password=a&user=ana", "password=[masked]&user=ana"),
        ("Cookie: a=b\r\nHost: app.test", "Cookie: [masked]\r\nHost: app.test"),
        ("{\"pin\": \"1\", \"user\": \"ana\"", "{\"pin\": \"[masked]\", \"user\": \"ana\""),
        ("<a><pin>1</pin><user>ana</user></a>", "<a><pin>[masked]</pin><user>ana</user></a>"),
        ("Server=db;Password=x;Database=y", "Server=db;Password=[masked];Database=y"),
        ("the token `abcdef` is unknown", "the token `[masked]` is unknown"),
    ] {
        assert_eq!(masked_text(given), shown);
        assert_eq!(masked_text(shown), shown, "once more");
    }
}

#[test]
fn much_is_masked_in_time() {
    let parts = [
        "code=x&",
        "<",
        "%25",
        "<a name=pin>",
        "\"':",
        "a:\"",
        "&lt;",
        "//",
        "/",
        "\\\"",
        "eyJ.",
        "=",
        "form-data",
        "<a b='",
        "token ",
        "&#",
    ];
    let long = parts.iter().map(|part| part.repeat(20_000)).collect::<String>();
    assert!(!masked(json!(long)).to_string().contains("code=x"));
    for part in parts {
        masked_text(&part.repeat(20_000));
    }
}
