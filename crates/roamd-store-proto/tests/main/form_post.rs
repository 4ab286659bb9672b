//! The posted form, CA-63 to CA-66.

use roamd_store_proto::auth::FormPost;
use secrecy::ExposeSecret;

/// State, user name, password, domain, "keep me signed in".
type Fields<'a> = (
    &'a str,
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a str>,
    bool,
);

fn fields(post: &FormPost) -> Fields<'_> {
    (
        &post.state_context,
        post.user_name.as_deref(),
        post.password.as_ref().map(ExposeSecret::expose_secret),
        post.domain.as_deref(),
        post.save_credentials,
    )
}

#[test]
fn form_posts_of_real_clients_decode() {
    let cases: &[(&str, &[u8], Fields<'_>)] = &[
        (
            "CA-63",
            b"StateContext=q7Zk2mN4-xv1&loginBtn=Log+On&username=ada&password=s3cret%21&domain=LAB\
              &saveCredentials=false",
            ("q7Zk2mN4-xv1", Some("ada"), Some("s3cret!"), Some("LAB"), false),
        ),
        (
            "CQ-32, CQ-34, CQ-36: empty state, raw password, domain in the name",
            b"StateContext=&loginBtn=Log%20On&username=LAB%5Cada&password=100%&saveCredentials=true",
            ("", Some(r"LAB\ada"), Some("100%"), None, true),
        ),
        (
            "CQ-34, CQ-37: doubly encoded button, no other field",
            b"password=a&loginBtn=Log%2BOn&username=ada",
            ("", Some("ada"), Some("a"), None, false),
        ),
        (
            "CA-66: percent signs that encode nothing",
            b"password=%zz%4%%41%&username=%E",
            ("", Some("%E"), Some("%zz%4%A%"), None, false),
        ),
        (
            "a percent sign before a space encodes nothing",
            b"username=%+41&password=+%2B+%+",
            ("", Some("% 41"), Some(" + % "), None, false),
        ),
        (
            "CA-64: spaces and UTF-8",
            b"username=j%C3%BCrgen+von%20x&password=%e2%82%ac",
            ("", Some("jürgen von x"), Some("€"), None, false),
        ),
        (
            "bytes that are not UTF-8",
            b"username=j\xfcrgen&password=%FF",
            ("", Some("j\u{fffd}rgen"), Some("\u{fffd}"), None, false),
        ),
        (
            "equals signs in a value, fields without one, names that are encoded",
            b"password=a=b==&&=&x&domain&%75sername=ada",
            ("", Some("ada"), Some("a=b=="), Some(""), false),
        ),
        (
            "the first of a repeated field",
            b"username=ada&username=eve&saveCredentials=True&saveCredentials=false",
            ("", Some("ada"), None, None, true),
        ),
        ("CQ-24: nothing", b"", ("", None, None, None, false)),
        (
            "CA-65: names count to the letter",
            b"UserName=ada&statecontext=1&saveCredentials=yes",
            ("", None, None, None, false),
        ),
    ];
    for (name, body, expected) in cases {
        assert_eq!(
            fields(&FormPost::from_url_encoded(body)),
            *expected,
            "{name}"
        );
    }
}

#[test]
fn form_post_round_trips() {
    let post = FormPost {
        state_context: "q7Zk2mN4-xv1.~_".to_owned(),
        user_name: Some(r"LAB\jürgen".to_owned()),
        password: Some("a+b&c=d %41\0".into()),
        save_credentials: true,
        ..FormPost::default()
    };
    let body = post.to_url_encoded();
    insta::assert_snapshot!(body.expose_secret(), @r#"StateContext=q7Zk2mN4-xv1.~_&loginBtn=Log+On&username=LAB%5Cj%C3%BCrgen&password=a%2Bb%26c%3Dd%20%2541%00&saveCredentials=true"#);
    let read = FormPost::from_url_encoded(body.expose_secret().as_bytes());
    assert_eq!(fields(&read), fields(&post));
}

#[test]
fn password_change_post_round_trips() {
    // CA-74
    let post = FormPost {
        state_context: "q7Zk".to_owned(),
        old_password: Some("old+1".into()),
        new_password: Some("new&2".into()),
        confirm_password: Some("new&3".into()),
        ..FormPost::default()
    };
    let body = post.to_url_encoded();
    insta::assert_snapshot!(body.expose_secret(), @"StateContext=q7Zk&changePasswordBtn=Change&oldPassword=old%2B1&newPassword=new%262&confirmPassword=new%263");
    let read = FormPost::from_url_encoded(body.expose_secret().as_bytes());
    for (field, expected) in [
        (read.old_password, "old+1"),
        (read.new_password, "new&2"),
        (read.confirm_password, "new&3"),
    ] {
        assert_eq!(field.unwrap().expose_secret(), expected);
    }
}

#[test]
fn debug_of_form_post_hides_the_password() {
    let post = FormPost::from_url_encoded(
        b"password=s3cret&oldPassword=s3cret&newPassword=s3cret&confirmPassword=s3cret",
    );
    assert!(!format!("{post:?}").contains("s3cret"));
}
