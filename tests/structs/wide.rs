//! Forty app columns.

use crudauth::{AuthUser, Password, SignInRequest, migrations};
use crudauth_tests::{PASSWORD, SECRET, on_every_pool, sign_up};

use super::register;

macro_rules! wide {
    ($($text:ident $number:ident),*) => {
        #[derive(Clone, Debug, AuthUser)]
        #[auth(table = "members_of_the_whole_society")]
        #[allow(dead_code, reason = "read by the library only")]
        struct Wide {
            id: i64,
            email: String,
            username: String,
            $(
                #[auth(register)]
                $text: String,
                #[auth(default = 7)]
                $number: i64,
            )*
        }

        /// Every value in column order.
        fn values(wide: &Wide) -> Vec<String> {
            vec![$(wide.$text.clone(), wide.$number.to_string()),*]
        }

        const TEXTS: &[&str] = &[$(stringify!($text)),*];
    };
}

wide! {
    first_matter_text first_matter_number,
    second_matter_text second_matter_number,
    third_matter_text third_matter_number,
    fourth_matter_text fourth_matter_number,
    fifth_matter_text fifth_matter_number,
    sixth_matter_text sixth_matter_number,
    seventh_matter_text seventh_matter_number,
    eighth_matter_text eighth_matter_number,
    ninth_matter_text ninth_matter_number,
    tenth_matter_text tenth_matter_number,
    eleventh_matter_text eleventh_matter_number,
    twelfth_matter_text twelfth_matter_number,
    thirteenth_matter_text thirteenth_matter_number,
    fourteenth_matter_text fourteenth_matter_number,
    fifteenth_matter_text fifteenth_matter_number,
    sixteenth_matter_text sixteenth_matter_number,
    seventeenth_matter_text seventeenth_matter_number,
    eighteenth_matter_text eighteenth_matter_number,
    nineteenth_matter_text nineteenth_matter_number,
    twentieth_matter_text twentieth_matter_number
}

#[crudauth::routes(user = Wide, session)]
struct WideAuth;

on_every_pool! {
    async fn forty_columns_are_written_and_read_in_order(database, pool) {
        migrations!(Wide).run(&pool).await.unwrap();
        assert!(migrations!(Wide).plan(&pool).await.unwrap().is_empty());
        let auth = WideAuth::builder(pool, SECRET).build().await.unwrap();
        let mut form = sign_up("ada");
        for (at, name) in TEXTS.iter().enumerate() {
            form[name] = format!("text {at}").into();
        }
        let account = register(auth.accounts(), &form).await;
        let wanted: Vec<_> =
            (0..TEXTS.len()).flat_map(|at| [format!("text {at}"), "7".to_owned()]).collect();
        assert_eq!(wanted.len(), 40);
        assert_eq!(values(&account.user), wanted);
        assert!(account.is_active() && !account.is_superuser() && !account.is_verified());
        let password = Password::parse(PASSWORD).unwrap();
        let signed_in = auth.accounts().sign_in(SignInRequest::new("ada", password)).await.unwrap().done().unwrap();
        assert_eq!(values(&signed_in.account.user), wanted);
    }
}
