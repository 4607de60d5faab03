/*
 * A validator module for PostgreSQL 18 on Linux, x86-64 or arm64, that accepts every token that begins with "good".
 *
 * The embedded binaries come without headers, so what a module and the server must agree on is declared here: the magic block
 * (PostgreSQL manual, section 36.10.1) and the callbacks (chapter 50). The server checks both, and refuses to load what does not fit.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

extern char *pstrdup(const char *text);

struct magic {
    int length;
    int version, most_arguments, most_index_keys, name_length, float8_by_value;
    char extra[32];
    const char *name;
    const char *module_version;
};

const struct magic *Pg_magic_func(void);

const struct magic *Pg_magic_func(void)
{
    static const struct magic magic = {sizeof(struct magic), 1800, 100, 32, 64, true, "PostgreSQL", NULL, NULL};
    return &magic;
}

struct result {
    bool authorized;
    char *identity;
};

static bool validate(const void *state, const char *token, const char *role, struct result *result)
{
    (void) state;
    result->authorized = strncmp(token, "good", 4) == 0;
    result->identity = pstrdup(role);
    return true;
}

struct callbacks {
    uint32_t magic;
    void (*startup)(void *state);
    void (*shutdown)(void *state);
    bool (*validate)(const void *state, const char *token, const char *role, struct result *result);
};

const struct callbacks *_PG_oauth_validator_module_init(void);

const struct callbacks *_PG_oauth_validator_module_init(void)
{
    static const struct callbacks callbacks = {0x20250220, NULL, NULL, validate};
    return &callbacks;
}
