/* The staff file: read whole, with everybody in an organisation and with roles of its kind, or refused with a word. */
#include <stdio.h>
#include <string.h>

#include "gateway/provider/staff.h"
#include "tests/fuzz/fuzz.h"

static const char conf[] = "[gateway]\ntrust = t\nsender_id = us\n[issuer]\nbin = 160640900019\nname_kk = k\nname_ru = r\n[store]\npath = s\n[listener a]\nport = 0\n"
        "[key system]\nkey = s\ncertificate = s\n[destination cabinet]\nurl = http://h/\nbin = 091240900012\n[revocation]\nmode = off\n"
        "[organisation centre]\nbin = 130140900016\nkind = CENTER\nname_kk = k\nname_ru = r\n[organisation akim]\nbin = 140140900018\nkind = AKIM\nname_kk = k\nname_ru = r\n";

static struct settings *setup(void)
{
        static struct settings *settings;
        struct why why = WHY_INIT;
        if (settings)
                return settings;
        char text[sizeof conf];
        memcpy(text, conf, sizeof conf);
        FILE *in = fmemopen(text, strlen(text), "r");
        GW_ASSERT(in && settings_read(in, "gateway.conf", &settings, &why) == GW_OK);
        fclose(in);
        return settings;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct settings *settings = setup();
        auto_str char *text = xstrndup((const char *)data, size);
        FILE *in = *text ? fmemopen(text, strlen(text), "r") : NULL;
        struct why why = WHY_INIT;
        auto_staff struct staff *staff = NULL;
        if (!in)
                return 0;
        enum gw_rc rc = staff_read(settings, in, "staff.conf", &staff, &why);
        fclose(in);
        if (rc != GW_OK) {
                GW_ASSERT(!staff && why.reason == REASON_CONFIGURATION && str_starts(why.detail, "staff.conf:"));
                return 0;
        }
        for (size_t i = 0; i < staff_count(staff); i++) {
                struct actor actor, again;
                if (!staff_at(staff, i, &actor))
                        continue;
                GW_ASSERT(settings_organisation(settings, actor.organisation) && *actor.id && !actor.machine);
                GW_ASSERT((actor.roles & ~organisation_roles(actor.kind)) == 0 && !settings_organisation(settings, actor.id));
                GW_ASSERT(staff_person(staff, actor.id, &again) && str_eq(again.id, actor.id) && again.roles == actor.roles);
        }
        return 0;
}
