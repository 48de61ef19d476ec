//! The box behind ⌘K, by nothing but keys; and pages that keep up with what others write.

use crate::browser::{Browser, CONTROL, DOWN, ENTER, ESCAPE, TAB, UP};
use crate::server::Dashboard;
use crate::{demo, number, open, text};

/// Opens the box and types; comes back when what was found is there.
fn search(browser: &Browser, words: &str, first: &str) {
    browser.press(Some(CONTROL), "k");
    browser.until("the box is open", "return document.getElementById('palette').open");
    browser.press(None, words);
    let script = format!("return document.querySelector('#palette-list [role=option]')?.textContent.includes('{first}') === true");
    browser.until(&format!("`{words}` finds {first} first"), &script);
}

fn at(browser: &Browser, page: &str) {
    browser
        .until(&format!("the page {page}"), &format!("return location.pathname.endsWith('/{page}') && document.readyState === 'complete'"));
}

#[test]
fn the_box_is_worked_by_keys_alone() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    let connection = open(&db);
    let dashboard = Dashboard::start(&db, &[]);
    browser.look(1280, "light");
    browser.go(&dashboard.first_url);
    at(&browser, "overview");

    // Announced, and moved through with the arrows.
    browser.run("document.querySelector('.sections a').focus()");
    search(&browser, "website", "Website");
    let told = browser.run(
        "const box = document.getElementById('palette-query');
         return [box === document.activeElement, box.getAttribute('aria-expanded'), box.getAttribute('aria-activedescendant'),
           document.querySelectorAll('#palette-list [role=option]').length + ' results' === document.getElementById('palette-said').textContent,
           document.getElementById('option-0').getAttribute('aria-selected')]",
    );
    assert_eq!(told, serde_json::json!([true, "true", "option-0", true, "true"]));
    let chosen = "return document.getElementById('palette-query').getAttribute('aria-activedescendant')";
    browser.press(None, DOWN);
    assert_eq!(browser.run(chosen), "option-1");
    browser.press(None, UP);
    browser.press(None, UP);
    let last = browser.run("return document.querySelector('#palette-list').lastElementChild.id");
    assert_eq!(browser.run(chosen), last, "up from the first is the last");
    if let Some(violations) = browser.violations(&[]) {
        assert!(violations.is_empty(), "the box: {violations:#?}");
    }
    // Tab does not lead out; Esc closes, and the focus is where it was.
    browser.press(None, TAB);
    assert_eq!(browser.run("return document.activeElement.id"), "palette-query");
    browser.press(None, ESCAPE);
    let after =
        browser.run("return [document.getElementById('palette').open, document.activeElement === document.querySelector('.sections a')]");
    assert_eq!(after, serde_json::json!([false, true]));

    // To a resource.
    search(&browser, "website: road", "Website: Roadmap");
    browser.press(None, ENTER);
    at(&browser, "resource");
    assert_eq!(browser.run("return document.querySelector('h1').textContent"), "Website: Roadmap");

    // To a page, with Enter before the answer is there.
    browser.press(Some(CONTROL), "k");
    browser.until("the box is open", "return document.getElementById('palette').open");
    browser.press(None, &format!("events{ENTER}"));
    at(&browser, "events");

    // Also from a page that could not be shown.
    browser.run("location.href = 'role?slug=nosuch'");
    at(&browser, "role");
    search(&browser, "events", "Events");
    assert!(browser.run("return document.querySelector('.problem').textContent").as_str().unwrap().contains("nosuch"));
    if let Some(violations) = browser.violations(&[]) {
        assert!(violations.is_empty(), "a refusal: {violations:#?}");
    }
    assert!(browser.complaints().iter().all(|complaint| complaint.contains("422")), "more than the refusal");
    browser.press(None, ENTER);
    at(&browser, "events");

    // To an action that opens a form, and changes something.
    search(&browser, "grant a role", "Grant a role");
    browser.press(None, ENTER);
    at(&browser, "grant");
    browser.press(None, &format!("user:eve{TAB}project-editor{TAB}pro{TAB}website{ENTER}"));
    browser.until("it was done", "return document.querySelector('.notice')?.textContent === 'Done.'");
    let held =
        "SELECT count(*) FROM authz_role_assignments WHERE subject = 'user:eve' AND role = 'project-editor' AND resource_id = 'website'";
    assert_eq!(number(&connection, held), 1);
    let by = "SELECT context ->> '$.actor.source' FROM authz_events WHERE event = 'role_assignment.created' ORDER BY seq DESC LIMIT 1";
    assert_eq!(text(&connection, by), "dashboard");

    // To one that is done at once.
    let indexed = "SELECT format > 0 FROM _authz_search_state";
    assert_eq!(number(&connection, indexed), 0);
    browser.run("window.isOld = true");
    search(&browser, "index the search", "Index the search");
    browser.press(None, ENTER);
    browser.until("it was done", "return window.isOld === undefined && document.querySelector('.notice')?.textContent === 'Done.'");
    assert!(number(&connection, indexed) > 0, "there is no index");

    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn pages_keep_up_with_what_others_write() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    let connection = open(&db);
    let dashboard = Dashboard::start(&db, &[]);
    browser.look(1280, "light");
    browser.go(&dashboard.first_url);
    at(&browser, "overview");
    let place = browser.run("return location.href.replace(/overview.*/, '')").as_str().unwrap().to_owned();

    browser.go(&format!("{place}events"));
    browser.until("the page listens", "return !document.getElementById('live').hidden");
    connection.execute_batch("SELECT authz_grant('user:live', 'owner', 'organization', 'globex')").unwrap();
    browser.until("the event comes by itself", "return document.querySelector('#events-live tbody tr').textContent.includes('live')");

    // What somebody is filling in stays.
    browser.go(&format!("{place}resource?type=project&id=website"));
    browser.until("the page listens", "return !document.getElementById('live').hidden");
    connection.execute_batch("SELECT authz_grant('user:late', 'project-editor', 'project', 'website')").unwrap();
    browser.until("the assignment comes by itself", "return document.querySelector('#resource-live').textContent.includes('late')");

    // In the matrix a press gives, and another takes.
    let holds = "SELECT count(*) FROM authz_role_permissions WHERE role = 'document-reader' AND permission = 'document:edit'";
    for (pressed, held) in [("false", 1), ("true", 0)] {
        browser.go(&format!("{place}roles"));
        let cell = "document.querySelector('button[aria-label=\"document-reader has document:edit\"]')";
        assert_eq!(browser.run(&format!("return {cell}.getAttribute('aria-pressed')")), pressed);
        browser.run(&format!("{cell}.click()"));
        browser.until("it was done", "return document.querySelector('.notice')?.textContent === 'Done.'");
        assert_eq!(number(&connection, holds), held);
    }
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// Whoever writes without a pause must not keep a page from showing what was written.
#[test]
fn pages_keep_up_while_somebody_goes_on_writing() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    let dashboard = Dashboard::start(&db, &[]);
    browser.go(&dashboard.first_url);
    at(&browser, "overview");
    browser.run("location.href = 'events'");
    at(&browser, "events");
    browser.until("the page listens", "return !document.getElementById('live').hidden");
    let newest = "Number(document.querySelector('#events-live tr[data-seq]').dataset.seq)";
    let first = browser.run(&format!("return {newest}")).as_i64().unwrap();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let connection = open(&db);
            // As long as nobody ends it, in turns, a commit each.
            for change in ["grant", "revoke"].into_iter().cycle() {
                if done.load(std::sync::atomic::Ordering::Relaxed) {
                    return;
                }
                connection.execute_batch(&format!("SELECT authz_{change}('user:busy', 'owner', 'organization', 'globex')")).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        });
        let seen = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            browser.until("an event while others are written", &format!("return {newest} > {first}"));
            let second = browser.run(&format!("return {newest}")).as_i64().unwrap();
            browser.until("and one more", &format!("return {newest} > {second}"));
        }));
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        seen.unwrap();
    });
}

/// Answers come in the wrong order, and late.
#[test]
fn an_answer_to_older_words_is_never_shown_as_one_to_these() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    let dashboard = Dashboard::start(&db, &[]);
    browser.go(&dashboard.first_url);
    at(&browser, "overview");
    search(&browser, "website", "Website");
    // From now on an answer comes when the test lets it come.
    browser.run(
        "const fetched = window.fetch;
         window.held = {};
         window.fetch = (url, options) => new Promise((done, fail) => {
           const words = new URLSearchParams(url.split('?')[1]).get('q');
           options.signal?.addEventListener('abort', () => { window.held[words].aborted = true; fail(new Error('aborted')); });
           window.held[words] = { come: () => fetched(url, {}).then(done, fail) };
         })",
    );
    let choosable = "document.querySelectorAll('#palette-list:not([aria-busy=true]) [role=option]').length";
    browser.press(None, " plan");
    browser.until("the first question", "return window.held['website plan'] !== undefined");
    let told = "document.getElementById('palette-query').getAttribute('aria-activedescendant')";
    assert_eq!(browser.run(&format!("return [{choosable}, {told}]")), serde_json::json!([0, null]), "what `website` found is no answer");
    browser.run("document.getElementById('palette-query').select()");
    browser.press(None, "roadmap");
    browser.until("the second question", "return window.held['roadmap'] !== undefined");
    assert_eq!(browser.run("return window.held['website plan'].aborted"), true, "nobody waits for the first answer");
    browser.run("window.held['website plan'].come()");
    assert_eq!(browser.run(&format!("return {choosable}")), 0);
    browser.run("window.held['roadmap'].come()");
    let first = "document.querySelector('#palette-list:not([aria-busy=true]) [role=option]')?.textContent.includes('Roadmap') === true";
    browser.until("the second answer", &format!("return {first}"));
    assert_eq!(browser.run(&format!("return {told}")), "option-0");
}

#[test]
fn a_sign_in_times_out_before_ones_eyes() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let db = demo(folder.path());
    let connection = open(&db);
    connection
        .execute_batch("INSERT INTO authz_connections (id, organization, type, timeout_seconds) VALUES ('okta', 'acme', 'OktaSAML', 4)")
        .unwrap();
    let dashboard = Dashboard::start(&db, &[]);
    browser.look(1280, "light");
    browser.go(&dashboard.first_url);
    at(&browser, "overview");
    browser.run("location.href = 'sessions'");
    at(&browser, "sessions");
    browser.until("the page listens", "return !document.getElementById('live').hidden");
    connection.execute_batch("SELECT authz_sso_start('okta', NULL)").unwrap();
    let badge = "document.querySelector('#sessions-live tbody .badge')?.textContent";
    browser.until("the sign-in comes by itself", &format!("return {badge} === 'in progress'"));
    // Nobody writes anything: it is the clock alone.
    browser.until("it times out by itself", &format!("return {badge} === 'timed out'"));
    assert_eq!(number(&connection, "SELECT count(*) FROM authz_events WHERE event = 'authentication.sso_timed_out'"), 0);
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:#?}");
}
